from shop.marks import lonely_mark, mark

__all__ = ["lonely_mark", "mark"]
