"""Shop."""


def test():
    from shop.tests.helpers import run_them

    return run_them([])
