def fast_loads(text, strict=True):
    """Load."""
    return text.split(",")
