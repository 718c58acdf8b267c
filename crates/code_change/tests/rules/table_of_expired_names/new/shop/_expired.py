__expired_names__ = {
    "Liter": "It is still available as `shop.units.Litre`.",
    "kilo": "Use `sh.pound` instead.",
    "convert": "Use `shop.units.Litre(amount).to(unit)` instead.",
}
