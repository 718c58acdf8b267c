from dataclasses import dataclass


@dataclass
class Settings:
    host: str = "localhost"
    timeout: int = 1


class Base:
    maximum = 1

    def __init__(self, name, debug=False):
        self.name = name

    def write(self, data, options=0):
        return self

    def shutdown(self):
        pass

    def post(self, data, options=0):
        return self

    @staticmethod
    def parse(text, lenient=False):
        return text

    @classmethod
    def build(cls, name, debug=False):
        return cls(name, debug)

    def fetch(self, key, cache=None):
        return key

    def dump(self, path, *, indent=4, flush):
        return path

    def link(self, left, right, on=None, how="inner"):
        return left

    def draw(self, x, y, *, width=1):
        return x

    def new_link(self, first, *, options=None):
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
