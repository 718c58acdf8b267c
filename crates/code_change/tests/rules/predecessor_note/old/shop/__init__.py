"""Decorators that say what a filter is given."""


def cartfilter(function):
    """The filter is given the cart."""
    function.wants_cart = True
    return function


def cartfunction(function):
    """The function is given the cart."""
    function.wants_cart_too = True
    return function


def emphasis(text):
    """Put stars around a text."""
    return "*" + text + "*"
