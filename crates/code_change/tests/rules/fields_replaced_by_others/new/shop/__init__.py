from dataclasses import dataclass
from enum import Enum


@dataclass
class Order:
    customer: str
    notes: list | None = None


class Colour(Enum):
    GREEN = "green"
    BLUE = "blue"
