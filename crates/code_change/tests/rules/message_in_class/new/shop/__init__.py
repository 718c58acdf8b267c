class Till:
    """Takes money."""

    deprecated_details = {"msg": "Other classes are deprecated, use Till instead."}
    removed_message = "Some money was removed, use OldTill instead."

    def take(self, money):
        """Take money and count it."""
        return int(money)


class OldTill(Till):
    """Takes old money."""

    currency = "shilling"
    deprecated_details = {
        "msg": "OldTill is deprecated and will be removed in version 3.",
        "hint": "Use Till() instead.",
    }

    def take(self, money):
        """Take old money."""
        return super().take(money) // 20
