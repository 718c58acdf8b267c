def parse(sql, encoding=None):
    """Parse sql and return a list of statements."""
    return tuple(parse_stream(sql, encoding))

def parse_stream(stream, encoding=None):
    """Parses sql statements from file-like object."""
    for line in stream.splitlines():
        yield line.encode(encoding or "utf-8")

