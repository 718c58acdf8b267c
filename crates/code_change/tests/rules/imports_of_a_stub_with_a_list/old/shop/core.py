def weigh(thing):
    return thing.weight
