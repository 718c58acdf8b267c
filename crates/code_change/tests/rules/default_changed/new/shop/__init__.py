def fit(data, trees=100, depth=3, sort=False, mode="sqrt", unit='m', seed=1.0):
    """Fit a model.

    Parameters
    ----------
    sort : bool
        Whether to sort.

        .. versionchanged:: 2.0
           The default of ``sort`` changed from ``True`` to ``False``.
    """
    return data, trees, depth, sort, mode, unit, seed
