from shop._impl import area

__all__ = ["area"]
