from shop.tests.helpers import run_all


def test_fill():
    assert run_all([lambda: True]) == 0
    assert run_all([lambda: False]) == 1
