class Helper:
    """A helper that documents itself on the class too."""

    def __get__(self, instance, owner):
        return owner if instance is None else instance
