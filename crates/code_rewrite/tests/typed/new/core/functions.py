def load(path, encoding=None, errors=None):
    return open(path)


def save(path, data, *, indent=4, flush):
    return None


def join(left, right, on=None, how="inner"):
    return left


def new_call(first, *, options=None):
    return first


def plot(x, y, *, colour=None, width=1):
    return x


def spread_out(first, mode, *rest, **options):
    return first
