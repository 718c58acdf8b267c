from dataclasses import dataclass
from typing import NamedTuple, TypedDict


@dataclass
class Till:
    place: str
    port: int = 80


class Position(NamedTuple):
    row: int
    line_number: int = 0


class Options(TypedDict, total=False):
    filename: str
    size: int
