def read(path, strict=True, cache=None):
    return open(path).read()
