from shop.tools.inner.facts import build_information

__all__ = ["build_information"]
