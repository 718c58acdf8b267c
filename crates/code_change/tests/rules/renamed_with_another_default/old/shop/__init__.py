import warnings


def plot(data, kind="strip"):
    """Plot data."""
    return data, kind


def factor(*args, **kwargs):
    """Deprecated; please use `plot` instead."""
    message = (
        "The `factor` function has been renamed to `plot`. "
        "Note that the default `kind` in `factor` has changed in `plot`."
    )
    warnings.warn(message)
    kwargs.setdefault("kind", "point")
    return plot(*args, **kwargs)


def rug(data, axis=None, place=None):
    """Draw a rug."""
    if axis is not None:
        message = (
            "The `axis` parameter has been deprecated; "
            f"use the `{place_of(axis)}` parameter instead."
        )
        warnings.warn(message, UserWarning)
    return data, axis, place


def shade(data, lowest=None, limit=1):
    """Shade data."""
    if lowest is not None:
        if lowest:
            limit = 0
        message = (
            "`lowest` is now deprecated in favor of `limit`. "
            f"Setting `limit={limit}`, but please update your code."
        )
        warnings.warn(message, UserWarning)
    return data, limit


def blend(data, shade=None, fill=False):
    """Blend data."""
    if shade is not None:
        fill = shade
        message = f"`shade` is now deprecated in favor of `fill`; setting `fill={shade}`."
        warnings.warn(message, UserWarning)
    return data, fill
