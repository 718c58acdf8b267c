from dataclasses import dataclass
from enum import Enum


@dataclass
class Order:
    customer: str
    weight: float = 1.0


class Colour(Enum):
    RED = "red"
    BLUE = "blue"
