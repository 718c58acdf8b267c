from shop.query import Query

__all__ = ["Query"]
