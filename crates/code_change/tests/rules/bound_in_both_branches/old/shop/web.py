from shop.text import native


def serve(value):
    return native(value)
