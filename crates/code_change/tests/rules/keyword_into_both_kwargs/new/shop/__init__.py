class Till:
    """A till."""

    def __init__(self, **options):
        self.options = options

    @classmethod
    def at(cls, place, **kwargs):
        options = dict(kwargs)
        options["place"] = place
        return cls(**options)


def till_at(place, **kwargs):
    """Return a till."""
    return Till.at(place, **kwargs)
