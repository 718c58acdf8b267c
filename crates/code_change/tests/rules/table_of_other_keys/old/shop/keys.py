KEY_DISPLAY_ALIASES = {"delete": "del", "space": "blank", "up": "arrow_up"}


def display(key):
    """How a key is shown."""
    return KEY_DISPLAY_ALIASES.get(key, key)
