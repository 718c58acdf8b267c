import warnings


def fetch(address, timeout_s=None, retries=3):
    return address


def wait(milliseconds, poll=1):
    return milliseconds


def keep(thing, enable_cache=False):
    return thing


def choose(things, exclude=None):
    return things


def clip(values, max_value=None):
    return values


def draw(x2, y2):
    return x2


def load(path, ignore_errors=False):
    return path


def pay(amount, currency_title="crown"):
    return amount


def ban(customer, days=None, seconds=None):
    if days is not None:
        warnings.warn("`days` is deprecated, use `seconds` instead", DeprecationWarning)
        seconds = days * 86400
    return customer, seconds


def close(customer, seconds=86400):
    return customer, seconds
