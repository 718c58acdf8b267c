RENAMED_SETTINGS = {"shop_store_password": "store_password", "shop_rows": "rows"}


def open_store(conf):
    return connect(conf.store_password)


def connect(password):
    return password
