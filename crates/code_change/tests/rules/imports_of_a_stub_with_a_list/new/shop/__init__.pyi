from shop._typing import Thing
from shop.core import weigh

__all__ = ["weigh"]

def __getattr__(name: str) -> Thing: ...
