from dataclasses import dataclass


@dataclass
class Order:
    customer_id: int
    amount_total: float = 0.0
