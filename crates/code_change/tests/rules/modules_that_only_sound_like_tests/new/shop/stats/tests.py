"""Tests of statistics."""


def student_test(ones, others):
    """Compare two means."""
    difference = sum(ones) / len(ones) - sum(others) / len(others)
    return difference / (len(ones) + len(others)) ** 0.5
