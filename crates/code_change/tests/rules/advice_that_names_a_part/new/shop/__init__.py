def load(thing):
    """Load."""
    return [thing]


def run(thing):
    """Run."""
    return (thing,)
