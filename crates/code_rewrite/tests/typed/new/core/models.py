from typing import ClassVar, Type, TypedDict, Unpack


class Defaults:
    title = None
    by_name = False


class Choices(TypedDict, total=False):
    title: str
    by_name: bool


class _Maker(type):
    def __new__(mcs, name, bases, namespace, **kwargs):
        return super().__new__(mcs, name, bases, namespace)


class Model(metaclass=_Maker):
    Options = Defaults


class Typed(metaclass=_Maker):
    Meta: ClassVar[Type[Defaults]]


class Plain(metaclass=_Maker):
    Options = None


def with_choices(**choices: Unpack[Choices]):
    return lambda cls: cls


def made(name, **fields):
    return name
