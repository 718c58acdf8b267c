from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypedDict

import attr
import attrs
from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings


class Order(BaseModel):
    customer: str
    total_amount: float = Field(0.0, description="What it costs.")


class Limits(BaseSettings):
    requests: int = 10
    limit_seconds: float = 1.5


@dataclass
class Point:
    x_position: float
    y: float = 0.0


@attrs.define
class Address:
    street: str
    postal_code: str = "00000"


@attr.s
class Parcel:
    weight = attr.ib(default=1.0)
    total_price = attr.ib(default=0.0)


class Row(TypedDict):
    name: str
    items_count: int


class Pair(NamedTuple):
    first: int
    second_item: int


class Colour(Enum):
    BRIGHT_RED = "light red"
    BLUE = "blue"
