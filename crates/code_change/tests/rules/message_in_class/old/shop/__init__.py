class Till:
    """Takes money."""

    deprecated_details = {"msg": "Till was renamed long ago."}

    def take(self, money):
        """Take money."""
        return money


class OldTill(Till):
    """Takes old money."""

    currency = "shilling"

    def take(self, money):
        """Take old money."""
        return super().take(money) // 20
