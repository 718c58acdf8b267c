from dataclasses import dataclass
from typing import NamedTuple, TypedDict


@dataclass
class Till:
    place: str
    port_number: int = 80


class Position(NamedTuple):
    row: int
    lineno: int = 0


class Options(TypedDict, total=False):
    file_name: str
    size: int
