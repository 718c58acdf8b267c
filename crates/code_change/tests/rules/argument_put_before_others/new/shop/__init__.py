from dataclasses import dataclass


def scale(image, mode="fast", factor=1, smooth=True):
    return image, mode, factor, smooth


def crop(image, edge, size):
    return image, edge, size


def paint(image, colour="red", brush=None):
    return image, colour, brush


def turn(image, angle, *, axis=None, centre=None):
    return image, angle, axis, centre


def share(image, title=None, *people):
    return image, title, people


def prepare(context, args, kwargs):
    return context, args, kwargs


def swap(second, first, third):
    return first, second, third


@dataclass
class Row:
    name: str
    height: int = 0
    width: int = 3
