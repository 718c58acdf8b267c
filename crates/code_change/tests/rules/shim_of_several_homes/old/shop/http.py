import sys

from shop.imports import lazy_import

lazy_import(
    globals(),
    aliases={"Headers": ".structures"},
    deprecated_aliases={"read_request": ".legacy"},
)
__all__ = ["USER_AGENT"]
PYTHON_VERSION = "{}.{}".format(*sys.version_info)
USER_AGENT = f"Python/{PYTHON_VERSION} shop/1"
