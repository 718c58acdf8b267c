class GoneInTwo(DeprecationWarning):
    """Goes in version 2."""


GoneNext = GoneInTwo
