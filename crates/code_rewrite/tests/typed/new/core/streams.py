class _Stream:
    def reset(self):
        return self

    def flush(self):
        return self


class Reader(_Stream):
    pass


class TextReader(Reader):
    pass


class Writer(_Stream):
    def rewind(self):
        return self


def gather(first, *rest, second=None):
    return first


def mix(blue=None, red=None):
    return red
