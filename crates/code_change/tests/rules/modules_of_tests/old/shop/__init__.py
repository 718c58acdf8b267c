"""Shop."""


def test():
    from shop.tests.helpers import run_all

    return run_all([])
