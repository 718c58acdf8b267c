from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop.core import Basket


def fill(basket: "Basket"):
    return basket


if __name__ == "__main__":
    from shop.core import run

    run()
