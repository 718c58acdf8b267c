from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypedDict

import attr
import attrs
from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings


class Order(BaseModel):
    customer: str
    amount_total: float = Field(0.0, description="What it costs.")


class Limits(BaseSettings):
    requests: int = 10
    seconds_limit: float = 1.5


@dataclass
class Point:
    x_value: float
    y: float = 0.0


@attrs.define
class Address:
    street: str
    postal: str = "00000"


@attr.s
class Parcel:
    weight = attr.ib(default=1.0)
    price_total = attr.ib(default=0.0)


class Row(TypedDict):
    name: str
    item_count: int


class Pair(NamedTuple):
    first: int
    second_one: int


class Colour(Enum):
    LIGHT_RED = "light red"
    BLUE = "blue"
