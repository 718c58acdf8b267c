class Till:
    """A till."""

    def __init__(self, **options):
        self.options = options

    @classmethod
    def at(cls, place, number=None, **kwargs):
        return cls(place=place, number=number, **kwargs)


def till_at(place, number=None, **kwargs):
    """Return a till."""
    return Till.at(place, number, **kwargs)
