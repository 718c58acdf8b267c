def weigh_stock(thing, scale=1):
    """Weigh."""
    return thing * scale
