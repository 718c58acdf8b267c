def load(path, mode="r", encoding=None, errors=None):
    return open(path)


def save(path, data, *, indent=2):
    return None


def join(left, right, how="inner", on=None):
    return left


def old_call(first, second=None, third=None):
    return first


def plot(x, y, color=None, width=1):
    return x


def spread(first, *rest, **options):
    return first


def fetch_from(client, key=None):
    return client
