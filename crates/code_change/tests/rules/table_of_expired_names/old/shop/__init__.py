from shop.units import Litre, pound

Liter = Litre


def weigh(thing):
    """Weigh a thing."""
    return pound * len(thing)


def convert(amount, unit=None):
    """Convert an amount."""
    return amount, unit


kilo = pound
