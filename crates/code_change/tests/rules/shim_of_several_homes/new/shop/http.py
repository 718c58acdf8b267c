import warnings

from shop.structures import Headers
from shop.legacy import read_request

warnings.warn(
    "Headers was moved from shop.http to shop.structures and "
    "read_request was moved from shop.http to shop.legacy",
    DeprecationWarning,
)
