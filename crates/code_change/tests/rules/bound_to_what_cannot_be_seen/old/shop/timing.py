import shop

pi = shop.pi
