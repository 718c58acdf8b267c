from shop.tools import coroutine


def connect(address):
    return address


async def read(address):
    return address


@coroutine
def fetch(address):
    return address


def later(address) -> "Awaitable[str]":
    return read(address)


class Till:
    def close(self, code, reason=None):
        """Close it until the next morning, for the given reason."""
        self.codes = [known for known in self.codes if known != code]
        self.reasons.append((code, reason))
        return len(self.codes)


class Box:
    def send(self, thing):
        return thing

    dispatch = send


@coroutine
def rest(seconds):
    return seconds
