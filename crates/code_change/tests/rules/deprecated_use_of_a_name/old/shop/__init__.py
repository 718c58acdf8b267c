from shop.sums import total

__all__ = ["total"]
