def total(rows, start=0):
    """The sum of all rows."""
    result = start
    for row in rows:
        result = result + row
    return result
