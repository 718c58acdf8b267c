def weigh_price(thing, scale=1):
    """Weigh."""
    return thing * scale
