def middle(prices):
    """The middle of all."""
    ordered = sorted(prices)
    return ordered[len(ordered) // 2]


__all__ = [name for name in dir() if not name.startswith("_")]
