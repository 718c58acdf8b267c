"""Memcache backend."""


class Backend:
    """A cache backend."""

    def __init__(self, host, port=11211):
        self.host, self.port = host, port

    def get(self, key, default=None):
        """Get a value."""
        return self.send(key) or default


def connect(address, timeout=10):
    """Connect to a backend."""
    host, port = address.split(":")
    return Backend(host, int(port), 11211)


def ping(address):
    """Ping it."""
    return connect(address).get("key")
