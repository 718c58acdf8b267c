class _Stream:
    def rewind(self):
        return self

    def flush(self):
        return self


class Reader(_Stream):
    pass


class TextReader(Reader):
    pass


class Writer(_Stream):
    pass


def gather(first, second, *rest):
    return first


def mix(red, green, blue=None):
    return red
