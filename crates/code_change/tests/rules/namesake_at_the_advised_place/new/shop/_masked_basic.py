"""Of prices of which some are not known."""


def mean(prices):
    """The sum of the known prices through their number."""
    known = [price for price in prices if price is not None]
    if not known:
        return None
    return sum(known) / len(known)


def spread(*prices):
    """From the lowest to the highest of all that are known."""
    known = [price for price in prices if price is not None]
    return max(known) - min(known) if known else None


def count(prices):
    """How many are known."""
    return sum(price is not None for price in prices)
