from shop._cart import Cart, Till
from shop.shelf import Shelf

__all__ = ["Cart", "Shelf", "Till"]
