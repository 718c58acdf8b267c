from shop.tests.till import open_till


def serve(till):
    return open_till(till, 2)
