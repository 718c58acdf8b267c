import shop.artist
from shop.tools import copy_docstring_and_deprecators


@copy_docstring_and_deprecators(shop.artist.paint)
def paint(shape, *args, **kwargs):
    return shop.artist.paint(shape, *args, **kwargs)
