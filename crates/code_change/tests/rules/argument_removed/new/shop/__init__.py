def read(path, strict=True):
    return open(path).read()
