import warnings

warnings.warn("Importing from shop.more is deprecated.", PendingDeprecationWarning, stacklevel=2)

from shop import *


def double(price):
    """Twice the price."""
    return 2 * price
