def basketfilter(function):
    """Mark a filter."""
    function.wants_cart = True
    return function


def slowly(function):
    """Mark a function."""
    function.is_slow = True
    return function


@basketfilter
def total(cart, prices):
    """The total of all prices."""
    return sum(prices)


@basketfilter
def first(cart, prices):
    """The first price."""
    return next(iter(prices))


@basketfilter
def last(cart, prices):
    """The last price."""
    return list(prices)[-1]


@slowly
def mean(prices):
    """The mean of all prices."""
    return sum(prices) / len(prices)
