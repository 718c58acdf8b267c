import shop


def test_that_steep_prices_are_named():
    assert shop.steep_gen("x").name == "x"
