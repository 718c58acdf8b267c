from dataclasses import dataclass


@dataclass
class Order:
    customer_id: int
    total_amount: float = 0.0
