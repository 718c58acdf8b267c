from shop import _tools
from shop._prices import mean, median

__all__ = list(_tools.names_of(globals()))
