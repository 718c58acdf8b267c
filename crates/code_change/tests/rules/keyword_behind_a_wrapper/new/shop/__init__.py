def read(path, codec="utf-8", strict=True):
    """Read a file.

    Parameters
    ----------
    codec : str
        How it is encoded.
    """
    return open(path, encoding=codec).read()


def read_all(*args, **kwargs):
    """Read all of it."""
    return read(*args, **kwargs)


def read_strict(path, **options):
    """Read strictly."""
    return read(path, strict=True, **options)


def read_some(path, **options):
    """Anything else is done with the options."""
    options.setdefault("encoding", "utf-8")
    return read(path, **options)
