def measure(thing):
    return thing.weight
