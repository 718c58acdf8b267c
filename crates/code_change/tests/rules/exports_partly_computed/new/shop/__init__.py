"""Shop."""

from shop._prices import *
