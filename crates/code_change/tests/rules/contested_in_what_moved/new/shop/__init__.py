from shop._query import Query

__all__ = ["Query"]
