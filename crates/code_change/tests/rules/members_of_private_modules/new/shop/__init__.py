from shop._cart import Cart
from shop._till import Till
from shop.shelf import Shelf

__all__ = ["Cart", "Shelf", "Till"]
