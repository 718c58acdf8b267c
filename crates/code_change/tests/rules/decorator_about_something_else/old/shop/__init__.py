from shop.wrapping import check_threshold, ensure_folder, rename_argument


@check_threshold(low="value")
def clamp(value, limit=10):
    """Clamp."""
    return min(value, limit)


@ensure_folder("base", "path")
def write(path, text):
    """Write."""
    return path


@rename_argument("place", "path")
def read(path, size=10):
    """Read."""
    return path


def find(place):
    """Find."""
    return place
