import sys

from shop.structures import Headers

__all__ = ["USER_AGENT", "Request"]
PYTHON_VERSION = "{}.{}".format(*sys.version_info)
USER_AGENT = f"Python/{PYTHON_VERSION} shop/1"


class Request:
    path = "/"
