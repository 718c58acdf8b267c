from shop._shapes import area

__all__ = ["area"]
