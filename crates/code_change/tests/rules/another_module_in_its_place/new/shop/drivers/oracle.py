class Driver:
    """Driver of this database."""

    name = "oracle"

    def connect(self, address, timeout=10):
        """Connect."""
        return self.open(address, timeout)

    def quote(self, name):
        """Quote a name."""
        return '"' + name.upper() + '"'
