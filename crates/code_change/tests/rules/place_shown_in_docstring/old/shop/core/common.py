from shop.core.measures import area

__all__ = ["area"]
