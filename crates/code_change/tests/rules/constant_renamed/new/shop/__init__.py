"""What becomes of goods that nobody ordered."""

REFUSE = 0
ALLOW = 1
DROP = 2

LIMIT_OF_ALL = 7
CHEAP = 3


class Order:
    """An order."""

    def __init__(self, goods, extra=REFUSE):
        self.goods = goods
        self.extra = extra

    def settle(self, found):
        """The goods that are kept."""
        if self.extra == DROP:
            return [good for good in found if good in self.goods]
        if self.extra == ALLOW:
            return list(found)
        raise ValueError("goods that nobody ordered")


def is_lenient(order):
    """Whether more may come than was ordered."""
    return order.extra in (ALLOW, DROP)
