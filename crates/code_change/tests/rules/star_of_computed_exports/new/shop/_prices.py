def median(prices):
    """The middle of all."""
    ordered = sorted(prices)
    return ordered[len(ordered) // 2]


def mean(prices):
    """The sum through the number."""
    return sum(prices) / len(prices)


def spread(prices):
    """From the lowest to the highest."""
    return max(prices) - min(prices)
