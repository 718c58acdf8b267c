class Handler:
    """Handles events."""

    def on_open(self, connection: object, reason: str = "") -> None:
        raise NotImplementedError

    def on_message(self, connection: object, data: bytes) -> None:
        raise NotImplementedError


class Visitor:
    def visit_a(self, node: object, *, depth: int = 0) -> None:
        pass


class Events:
    def on_start(self, event, *, when=None, source=None):
        """Called when it comes."""


class Job:
    def start(self, name: str, count: int = ...) -> None: ...


def start_all(jobs, *, verbose: bool = False) -> None:
    raise NotImplementedError("others must do this")


class Window:
    def onResize(self, event: object, *, when: int = 0) -> None:
        pass


class Time:
    def microseconds(self, place: object, *, scale: int = 1) -> int:
        """Count."""
