from shop._prices import mean, median

__all__ = ["mean", "median"]
