"""Statistics."""

from shop._plain import mean, spread
