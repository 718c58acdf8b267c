from shop._core import pi
