def weigh_cart(thing, scale=1):
    """Weigh."""
    return thing * scale
