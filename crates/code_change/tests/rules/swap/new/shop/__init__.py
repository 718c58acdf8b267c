from shop.names import to_camel
