"""Shop."""

from shop.test_line_tools import test_connection
