"""Reads the settings."""

import warnings

GOODS_STORE_DEPRECATED_MSG = (
    "The GOODS_STORE setting is deprecated. Use GOODS_STORES instead."
)
LIMIT_DEPRECATED_MSG = "The PRICE_LIMIT setting is deprecated. Use PRICE_MAXIMUM instead."


def warn():
    """Say what is deprecated."""
    warnings.warn(GOODS_STORE_DEPRECATED_MSG, DeprecationWarning)
    warnings.warn(LIMIT_DEPRECATED_MSG, DeprecationWarning)
