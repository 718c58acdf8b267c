import shop

pi = float(shop.pi)
