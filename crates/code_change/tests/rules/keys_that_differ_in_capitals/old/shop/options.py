OPTION_ALIASES = {"storefilepassword": ["store_passphrase"], "storefile": ["store_path"]}

OPTION_VALIDATORS = {"storefilepassword": str, "storefile": str, "rows": int}

RENAMED_OPTIONS = {"store_passphrase": "storeFilePassword", "store_path": "storeFile"}


def validate(option, value):
    """Checks the value of an option, whose name is written in letters of any size."""
    return OPTION_VALIDATORS[option.lower()](value)
