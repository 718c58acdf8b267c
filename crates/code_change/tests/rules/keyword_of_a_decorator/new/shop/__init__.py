import functools


def timed(function):
    @functools.wraps(function)
    def inner(*args, timeout=None, **kwargs):
        retries = kwargs.pop("retries", 3)
        return run(function, timeout, retries, *args, **kwargs)

    return inner


def run(function, timeout, retries, *args, **kwargs):
    return function(*args, **kwargs)


def fetch(address, timeout=None, retries=3, colour=None):
    return address


@timed
def send(address):
    return address
