import elsewhere


def to_text(value):
    """Return text."""
    return value if isinstance(value, str) else value.decode("utf-8")


def to_bytes(value):
    """Return bytes."""
    return value if isinstance(value, bytes) else value.encode("utf-8")


if str is not bytes:
    native = to_text
else:
    native = to_bytes

if str is not bytes:
    longest = elsewhere.zip_longest
else:
    longest = elsewhere.izip_longest
