"""Redis backend."""


class Backend:
    """A cache backend."""

    def __init__(self, host, port=6379):
        self.host, self.port = host, port

    def get(self, key, default=None):
        """Get a value."""
        return self.send(key.upper()) or default


def connect(address, timeout=10):
    """Connect to a backend."""
    host, port = address.split(":")
    return Backend(host, int(port), 6379)


def ping(address):
    """Ping it."""
    return connect(address).get("key.upper()")
