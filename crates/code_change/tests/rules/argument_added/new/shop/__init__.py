def read(path, codec="utf-8"):
    return open(path).read()


def write(path, text):
    return path
