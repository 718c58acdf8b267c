def price(item, tax):
    return item.net * (1 + tax) + item.fee
