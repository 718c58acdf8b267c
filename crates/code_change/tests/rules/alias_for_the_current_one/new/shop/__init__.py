class GoneInThree(DeprecationWarning):
    """Goes in version 3, and says so with many more words than before."""

    version = 3


GoneNext = GoneInThree
