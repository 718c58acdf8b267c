"""The settings, as they are when nobody says anything."""

GOODS_STORE = "shop.stores.Shelf"
PRICE_LIMIT = 10
