import os


@decorate(level=2)
def plain(a, b: int = 3, /, c=None, *rest: str, key, other=4, **more) -> "list[int]":
    """Doc."""
    global STATE
    total = a + b * -c ** 2 // 3
    total += ~a if a and not b or c else [x for x in rest if x if x > 1]
    with open(a) as f, lock:
        data = {**more, "k": key, **{k: v for k, v in more.items()}}
    for i, (j, *k) in enumerate(data):
        if i < j <= 3 is not None:
            continue
        elif i in k:
            break
        elif j:
            pass
        else:
            yield i
    else:
        del data["k"], data
    while (n := f.read(1)):
        assert n, "message"
    try:
        raise ValueError(total) from None
    except (KeyError, os.error) as error:
        return f"{total!r:>{n}}a" "b" f"{data=}" f"" "" f"x{{}}{a}"
    except Exception:
        raise
    finally:
        result: int
        values: list = lambda x, *y, z=1: (x, ..., b"1", True, 1.5, y[1:2, ::3])
    return (await_ for await_ in values), {1, 2}, {s for s in "s"}


class Outer(Base, metaclass=Meta):
    field: int = 0
    other = field

    class Inner:
        async def method(self, x):
            async with x as y:
                pass
            async for z in y:
                await z
            from os import path as p, sep
            import sys, io as stream
            nonlocal_ = yield
            yield from nonlocal_

    @property
    def value(self):
        match self.field:
            case 1 | -2:
                return "a"
            case [1, *others, None]:
                return others
            case {"k": v, **rest} if v:
                return rest
            case Point(x, y=0) as whole:
                return whole
            case _:
                return print(*self.other, **self.other, sep="")
