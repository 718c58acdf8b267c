def read(path):
    return open(path).read()


def write(path):
    return path
