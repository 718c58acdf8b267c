"""Shapes."""

from shapes.plane import Square, paint
