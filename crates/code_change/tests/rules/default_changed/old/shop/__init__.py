import warnings


def fit(data, trees=10, depth=None, sort=True, mode="auto", unit="m", seed=1):
    """Fit a model."""
    warnings.warn("The default of `trees` will change from 10 to 100 in 2.0.", FutureWarning)
    return data, trees, depth, sort, mode, unit, seed
