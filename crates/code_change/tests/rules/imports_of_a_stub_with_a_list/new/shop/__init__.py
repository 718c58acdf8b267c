"""Shop."""

from shop.core import weigh
