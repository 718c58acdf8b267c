from shop.wrapping import rename_parameter


@rename_parameter("expression", "condition")
def when(condition):
    """When it holds."""
    return condition
