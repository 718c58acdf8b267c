"""The settings, as they are when nobody says anything."""

GOODS_STORES = {"default": {"BACKEND": "shop.stores.Shelf"}}
PRICE_MAXIMUM = 10
