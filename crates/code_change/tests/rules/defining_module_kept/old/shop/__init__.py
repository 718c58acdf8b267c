from shop.filters import old_filter

__all__ = ["old_filter"]
