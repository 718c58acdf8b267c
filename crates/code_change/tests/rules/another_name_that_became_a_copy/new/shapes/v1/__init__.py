"""Shapes as they were."""

from shapes.v1.plane import Square, paint
