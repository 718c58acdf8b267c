from shop.core import common


def weigh(shape):
    return common.area(shape) * 2
