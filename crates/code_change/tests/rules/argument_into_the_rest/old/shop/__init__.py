def closest(first, second, *others):
    return min([first, second, *others])


def log(message, level=0, *values):
    return message, level, values


def join(first, last):
    return first + last


def weigh(thing, unit="kg", *parts):
    return thing, unit, parts
