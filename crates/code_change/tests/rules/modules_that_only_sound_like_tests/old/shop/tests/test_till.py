import pytest


def test_that_measure_holds():
    with pytest.raises(ValueError):
        raise ValueError
