from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain.errors import InvalidField
from paygate.strategies.orders import rail_order, rail_reference

if TYPE_CHECKING:
    from paygate.domain.money import Money
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt, Order


MAX_UNITS = 9_999_999_999_99  # `txnAmt`, N1..12, in fen


class UnionPayStrategy:
    method = "UNIONPAY"
    rail = "unionpay"
    channels = ("WEB", "H5", "APP", "QR")
    currencies = ("CNY",)
    asset = None

    def due(self, price: Money, /) -> Money:
        if price.units > MAX_UNITS:
            raise InvalidField("amount", "UnionPay takes at most 9999999999.99")
        return price

    def reference(self, payment: Payment, /) -> str:
        return rail_reference(payment)

    def order(self, payment: Payment, attempt: Attempt, /) -> Order:
        return rail_order(payment, attempt)
