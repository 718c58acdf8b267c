class Handler:
    """Handles events."""

    def on_error(self, connection: object, reason: str = "") -> None:
        raise NotImplementedError

    def on_message(self, connection: object, data: bytes) -> None:
        raise NotImplementedError


class Visitor:
    def visit_c(self, node: object, *, depth: int = 0) -> None:
        pass


class Events:
    def on_stop(self, event, *, when=None, source=None):
        """Called when it comes."""


class Job:
    def abort(self, name: str, count: int = ...) -> None: ...


def stop_all(jobs, *, verbose: bool = False) -> None:
    raise NotImplementedError("others must do this")


class Window:
    def on_resize(self, event: object, *, when: int = 0) -> None:
        pass


class Time:
    def total_microseconds(self, place: object, *, scale: int = 1) -> int:
        """Count."""
