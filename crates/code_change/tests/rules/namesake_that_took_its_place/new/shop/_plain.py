"""Of plain prices."""


def mean(prices):
    """The sum through the number."""
    return sum(prices) / len(prices)


def spread(prices, axis=0):
    """From the lowest to the highest."""
    highest = max(prices)
    return highest - min(prices), axis
