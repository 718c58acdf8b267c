"""Not meant for users."""

import warnings

from . import _masked_basic

__all__ = ["mean", "spread"]


def __dir__():
    return __all__


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"shop.masked_basic has no attribute {name}.")

    warnings.warn(f"Please use `{name}` from the `shop` namespace, "
                  "the `shop.masked_basic` namespace is deprecated.",
                  category=DeprecationWarning, stacklevel=2)

    return getattr(_masked_basic, name)
