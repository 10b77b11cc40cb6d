from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain.errors import InvalidField
from paygate.domain.transfer_reference import transfer_reference
from paygate.strategies.orders import rail_order

if TYPE_CHECKING:
    from paygate.domain.money import Money
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt, Order

MAX_UNITS = 999_999_999_99  # of an EPC069-12 code; no bank of either currency takes more at once


class BankTransferStrategy:
    """The payer writes the reference by hand: it stands in the transfer's text, not in a message of ours."""

    method = "BANK_TRANSFER"
    rail = "bank_transfer"
    channels = ("TRANSFER",)
    currencies = ("EUR", "CNY")
    asset = None

    def due(self, price: Money, /) -> Money:
        if price.units > MAX_UNITS:
            raise InvalidField("amount", "a bank transfer is at most 999999999.99")
        return price

    def reference(self, payment: Payment, /) -> str:
        return transfer_reference(payment.id, payment.due.asset.code)

    def order(self, payment: Payment, attempt: Attempt, /) -> Order:
        return rail_order(payment, attempt)
