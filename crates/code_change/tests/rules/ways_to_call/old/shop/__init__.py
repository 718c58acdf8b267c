def open_up(*, early=1, late=2):
    return early, late


def sell(goods, price=1, *people):
    return goods, price, people


class Till:
    @staticmethod
    def count(coins):
        return sum(coins)

    @classmethod
    def make(cls, limit):
        return limit

    def close(self, limit):
        return limit


class Box:
    def run(self, n=1):
        return n


class Cart:
    def run(self, n=1):
        return n
