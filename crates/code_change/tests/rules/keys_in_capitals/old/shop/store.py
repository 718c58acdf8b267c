def open_store(conf):
    return connect(conf.SHOP_STORE_PASSWORD)


def connect(password):
    return password
