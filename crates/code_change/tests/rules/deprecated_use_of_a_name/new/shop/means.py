from shop.sums import total

__all__ = ["average", "total"]


def average(rows):
    return total(rows) / len(rows)


def median(rows):
    return sorted(rows)[len(rows) // 2]
