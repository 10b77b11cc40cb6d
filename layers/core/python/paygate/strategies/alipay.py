from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.ports import Order

if TYPE_CHECKING:
    from paygate.domain.money import Money
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt


class AlipayStrategy:
    method = "ALIPAY"
    rail = "alipay"
    channels = ("QR", "WEB", "H5", "APP")
    currencies = ("CNY",)

    def due(self, price: Money, /) -> Money:
        return price

    def order(self, payment: Payment, attempt: Attempt, /) -> Order:
        return Order(
            reference=attempt.reference,
            channel=payment.channel,
            amount=payment.due,
            subject=payment.description or f"Order {payment.order_id}",
            opened_at=attempt.created_at,
            expires_at=attempt.rail_expires_at,
            return_url=payment.return_url,
        )
