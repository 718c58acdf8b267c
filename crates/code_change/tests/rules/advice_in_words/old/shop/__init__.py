import warnings


def order(things, key=None):
    """Put things in order."""
    return sorted(things, key=key)


def order_by_name(things):
    """Put things in order by their names."""
    warnings.warn("order_by_name is deprecated, use order(key=...)", DeprecationWarning)
    return order(things, key=lambda thing: thing.name)


def status(connection):
    """The status of a connection."""
    warnings.warn("status is deprecated, use command instead", DeprecationWarning)
    return command(connection, "status")


def command(connection, name):
    """Run a command."""
    return connection.run(name)


def reorder(things):
    """Put things in order."""
    warnings.warn("reorder is deprecated, use order instead", DeprecationWarning)
    return order(things)
