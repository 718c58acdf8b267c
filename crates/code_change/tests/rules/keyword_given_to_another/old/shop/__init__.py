def plot(data, height=5, size=None):
    if size is not None:
        height = size
    return data, height


def draw(data, height=5, size=None):
    if size is not None:
        height = size
    return data, height, size


def paint(data, colour=None, color=None):
    if color is not None:
        colour = color
    return data, colour


def colour(data, size=1):
    return data, size
