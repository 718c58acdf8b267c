from shop.geometry import area

__all__ = ["area"]
