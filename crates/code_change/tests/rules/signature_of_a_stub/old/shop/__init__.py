from shop._fast import Price, total
