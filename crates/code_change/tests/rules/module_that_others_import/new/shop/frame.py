from shop.group_by import Dynamic, Group, Rolling


class Frame:
    """A frame of columns."""

    def group(self, by):
        return Group(self, by)
