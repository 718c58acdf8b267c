from dataclasses import dataclass


def scale(image, factor=1, smooth=True):
    return image, factor, smooth


def crop(image, size):
    return image, size


def paint(image, colour="red"):
    return image, colour


def turn(image, angle, *, centre=None):
    return image, angle, centre


def share(image, *people):
    return image, people


def prepare(args, kwargs):
    context = args[0]
    return context, args[1:], kwargs


def swap(first, second):
    return first, second


@dataclass
class Row:
    name: str
    width: int = 3
