from shop.prices import mean, median, spread
