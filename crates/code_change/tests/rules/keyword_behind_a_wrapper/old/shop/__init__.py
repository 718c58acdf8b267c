def read(path, encoding="utf-8", strict=True, old_flag=False):
    """Read a file.

    Parameters
    ----------
    encoding : str
        How it is encoded.
    """
    return open(path, encoding=encoding).read()


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
