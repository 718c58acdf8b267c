class Given:
    """What a function is given."""

    cart = "cart"
    shelf = "shelf"


def pass_basket(function):
    """Pass the cart as the first argument of the decorated function."""
    function.given = Given.cart
    return function


def quickly(function):
    """Wrap a function so that it answers from memory."""
    known = {}

    def wrapped(*arguments):
        if arguments not in known:
            known[arguments] = function(*arguments)
        return known[arguments]

    return wrapped


@pass_basket
def total(cart, prices):
    """The total of all prices."""
    return sum(prices)


@pass_basket
def first(cart, prices):
    """The first price."""
    return next(iter(prices))


@pass_basket
def last(cart, prices):
    """The last price."""
    return list(prices)[-1]


@quickly
def mean(prices):
    """The mean of all prices."""
    return sum(prices) / len(prices)
