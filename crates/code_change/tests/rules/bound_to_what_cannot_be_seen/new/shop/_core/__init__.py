import importlib


def __getattr__(name):
    return getattr(importlib.import_module("shop._native"), name)
