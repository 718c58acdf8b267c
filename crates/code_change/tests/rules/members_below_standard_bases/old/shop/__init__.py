import abc
import enum
from abc import ABC
from enum import Enum, IntFlag
from typing import Generic, NamedTuple, Protocol, TypedDict, TypeVar

from elsewhere import Thing

T = TypeVar("T")


class Shelf(ABC):
    def clear(self):
        return None


class Box(Generic[T]):
    def seal(self):
        return None


class Seller(Protocol):
    def sell(self):
        return None


class Closed(Exception):
    reason = None
    args = ()


class Sold(ValueError):
    def price(self):
        return 0


class Colour(Enum):
    RED = 1
    BLUE = 2


class Right(enum.IntFlag):
    READ = 1
    WRITE = 2


class Place(NamedTuple):
    row: int
    count: int


class Order(TypedDict):
    goods: str
    items: str


class Foreign(Thing):
    def go(self):
        return None
