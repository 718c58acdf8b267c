def plot(data, height=5):
    return data, height


def draw(data, height=5):
    return data, height


def paint(data, colour=None, color=None):
    return mix(data, colour or color)


def mix(data, colour):
    return data, colour


def colour(data, height=1):
    return data, height
