import pytest


def test_that_weigh_holds():
    with pytest.raises(ValueError):
        raise ValueError
