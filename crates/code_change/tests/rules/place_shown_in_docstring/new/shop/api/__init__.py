from shop.core.common import *

__all__ = ["Shape"]
