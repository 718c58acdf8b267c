import abc
import enum
from abc import ABC
from enum import Enum, IntFlag
from typing import Generic, NamedTuple, Protocol, TypedDict, TypeVar

from elsewhere import Thing

T = TypeVar("T")


class Shelf(ABC):
    pass


class Box(Generic[T]):
    pass


class Seller(Protocol):
    pass


class Closed(Exception):
    pass


class Sold(ValueError):
    pass


class Colour(Enum):
    RED = 1


class Right(enum.IntFlag):
    READ = 1


class Place(NamedTuple):
    row: int


class Order(TypedDict):
    goods: str


class Foreign(Thing):
    pass
