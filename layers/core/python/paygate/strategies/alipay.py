from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain.errors import InvalidField
from paygate.strategies.orders import rail_order, rail_reference

if TYPE_CHECKING:
    from paygate.domain.money import Money
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt, Order


MAX_UNITS = 100_000_000_00  # `total_amount` of alipay.trade.precreate and its like: 0.01 to 100000000


class AlipayStrategy:
    method = "ALIPAY"
    rail = "alipay"
    channels = ("QR", "WEB", "H5", "APP")
    currencies = ("CNY",)
    asset = None

    def due(self, price: Money, /) -> Money:
        if price.units > MAX_UNITS:
            raise InvalidField("amount", "Alipay takes at most 100000000.00")
        return price

    def reference(self, payment: Payment, /) -> str:
        return rail_reference(payment)

    def order(self, payment: Payment, attempt: Attempt, /) -> Order:
        return rail_order(payment, attempt)
