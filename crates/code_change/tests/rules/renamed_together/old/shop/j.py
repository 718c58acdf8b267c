from ._codes import codes
__all__ = ["codes"]
from enum import IntEnum
class codes(IntEnum):
    """Status codes."""
    def __new__(cls, value, phrase=""):
        obj = int.__new__(cls, value)
        obj._value_ = value
        obj.phrase = phrase
        return obj
    @classmethod
    def get_reason_phrase(cls, value):
        try:
            return codes(value).phrase
        except ValueError:
            return ""
    OK = 200, "OK"
    MOVED = 301, "Moved"
