from dataclasses import dataclass


@dataclass
class Settings:
    host: str = "localhost"
    time_limit: int = 1


class Base:
    limit = 1

    def __init__(self, name, verbose=False):
        self.name = name

    def send(self, data, flags=0):
        return self

    def close(self):
        pass

    def post(self, data, flags=0):
        return self

    @staticmethod
    def parse(text, strict=True):
        return text

    @classmethod
    def build(cls, name, verbose=False):
        return cls(name, verbose)

    def fetch(self, key, retries=3, cache=None):
        return key

    def dump(self, path):
        return path

    def link(self, left, right, how="inner", on=None):
        return left

    def draw(self, x, y, width=1):
        return x

    def old_link(self, first, second=None):
        return first


class Client(Base):
    @property
    def parent(self) -> Base:
        return Base("p")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *args):
        pass


def connect(name) -> Client:
    return Client(name)


DEFAULT = Client("default")
