_RENAMED = {"weigh": "shop.scales.measure", "box": "shop.boxes", "Till": "shop.tills.Till"}


def __getattr__(name):
    if name in _RENAMED:
        import importlib

        module, _, leaf = _RENAMED[name].rpartition(".")
        return getattr(importlib.import_module(module), leaf)
    raise AttributeError(name)
