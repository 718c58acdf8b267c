def box(thing):
    return [thing]
