def plot(data, kind="strip"):
    """Plot data."""
    return data, kind


def rug(data, place=None):
    """Draw a rug."""
    return data, place


def shade(data, limit=1):
    """Shade data."""
    return data, limit


def blend(data, fill=False):
    """Blend data."""
    return data, fill
