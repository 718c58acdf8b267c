def order(things, key=None):
    """Put things in order."""
    return sorted(things, key=key)


def command(connection, name):
    """Run a command."""
    return connection.run(name)
