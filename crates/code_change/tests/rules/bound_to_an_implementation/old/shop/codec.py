def loads(text, strict=True):
    """Load."""
    result = []
    for part in text.split(","):
        result.append(part)
    return result
