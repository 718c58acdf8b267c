from ._codes import DefaultCodes
__all__ = ["DefaultCodes"]
from enum import IntEnum
class DefaultCodes(IntEnum):
    """Status codes."""
    def __new__(cls, value, phrase=""):
        obj = int.__new__(cls, value)
        obj._value_ = value
        obj.phrase = phrase
        return obj
    @classmethod
    def get_reason_phrase_all(cls, value):
        try:
            return DefaultCodes(value).phrase
        except ValueError:
            return ""
    OK = 200, "OK"
    MOVED = 301, "Moved"
