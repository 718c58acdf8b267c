import warnings


def fetch(address, timeout_ms=None, retries=3):
    return address


def wait(seconds, poll=1):
    return seconds


def keep(thing, disable_cache=False):
    return thing


def choose(things, include=None):
    return things


def clip(values, min_value=None):
    return values


def draw(x1, y1):
    return x1


def load(path, allow_errors=False):
    return path


def pay(amount, currency_name="crown"):
    return amount


def ban(customer, days=1):
    return customer


def close(customer, days=1):
    return customer
