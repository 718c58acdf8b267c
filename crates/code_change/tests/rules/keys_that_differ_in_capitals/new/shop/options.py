OPTION_VALIDATORS = {"storefilepassword": str, "storefile": str, "rows": int}


def validate(option, value):
    """Checks the value of an option, whose name is written in letters of any size."""
    return OPTION_VALIDATORS[option.lower()](value)
