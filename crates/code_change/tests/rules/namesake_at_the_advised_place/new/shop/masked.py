"""Of prices of which some are not known, for users."""

from shop._masked_basic import mean, spread
