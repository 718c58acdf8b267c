from shop._expired import __expired_names__
from shop.units import pound


def weigh(thing):
    """Weigh a thing."""
    return pound * len(thing)


def __getattr__(name):
    if name in __expired_names__:
        raise AttributeError(f"`shop.{name}` was removed. {__expired_names__[name]}")
    raise AttributeError(name)
