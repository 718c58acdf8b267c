"""Not meant for users."""

from shop._deprecation import _moved_with_deprecation

__all__ = ["count", "mean", "spread"]


def __dir__():
    return __all__


def __getattr__(name):
    return _moved_with_deprecation(package="shop", module="masked_basic", private_modules=["_masked_basic"],
                 all=__all__, attribute=name, correct_module="masked")
