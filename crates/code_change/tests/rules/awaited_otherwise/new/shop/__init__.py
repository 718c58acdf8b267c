from shop.tools import coroutine


async def connect(address):
    return address


def read(address):
    return address


async def fetch(address):
    return address


async def later(address):
    return address


class Till:
    async def aclose(self, code, reason=None):
        """Close it until the next morning, for the given reason."""
        self.codes = [known for known in self.codes if known != code]
        self.reasons.append((code, reason))
        return len(self.codes)


class Box:
    async def send(self, thing):
        return thing


@coroutine
def rest(seconds):
    return seconds
