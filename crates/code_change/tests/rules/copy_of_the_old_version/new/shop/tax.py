def weigh_tax(thing, scale=1):
    """Weigh."""
    return thing * scale
