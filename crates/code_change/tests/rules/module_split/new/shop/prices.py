def price(item, tax):
    """Return the price of an item."""
    net = item.net * (1 + tax)
    return net + item.fee + item.postage
