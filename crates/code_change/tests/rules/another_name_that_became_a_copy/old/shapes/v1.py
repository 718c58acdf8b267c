"""Shapes, under the name that they keep."""

from shapes import *
