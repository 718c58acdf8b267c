"""Decorators that say what a function is given."""


def pass_cart(function):
    """Pass the cart as the first argument.

    .. versionadded:: 2.0
        Replaces ``cartfilter`` and ``cartfunction``.
    """
    function.passes = "cart"
    return function


def mark(text, marks, before, after):
    """Mark words.

    Replaces ``emphasis`` in the text by ``strong``.
    """
    for word in marks:
        text = text.replace(word, before + word + after)
    return text
