def plot(data, height=5):
    return data, height


def order(data, rows=5):
    return data, rows
