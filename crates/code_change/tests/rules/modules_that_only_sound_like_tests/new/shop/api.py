from shop.tests.till import start_till


def serve(till):
    return start_till(till, 2)
