def weigh(thing, exact=False):
    return thing.weight
