from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain.errors import InvalidField
from paygate.strategies.orders import rail_order, rail_reference

if TYPE_CHECKING:
    from paygate.domain.money import Money
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt, Order

# docs.stripe.com/currencies: "up to eight digits" in the smallest unit; a few currencies have more, none less.
MAX_UNITS = 99_999_999
_THREE_DECIMALS = 3


class CreditCardStrategy:
    """Cards. Least amounts hang on the account's own currency, so the processor tells them."""

    method = "CREDIT_CARD"
    rail = "card"
    channels = ("WEB",)
    currencies = (
        *("USD", "EUR", "AUD", "BRL", "CAD", "CHF", "CNY", "GBP", "HKD", "INR", "MXN", "MYR", "NZD", "PHP"),
        *("PLN", "SEK", "SGD", "THB", "TWD", "ZAR"),
        *("JPY", "KRW", "VND"),
        *("BHD", "KWD"),
    )
    asset = None

    def due(self, price: Money, /) -> Money:
        if price.units > MAX_UNITS:
            raise InvalidField("amount", f"cards take at most {MAX_UNITS} of the currency's smallest unit")
        # Card networks know two decimals: the third must be 0.
        if price.asset.decimals == _THREE_DECIMALS and price.units % 10:
            raise InvalidField("amount", f"cards take {price.asset.code} with two decimals")
        return price

    def reference(self, payment: Payment, /) -> str:
        return rail_reference(payment)

    def order(self, payment: Payment, attempt: Attempt, /) -> Order:
        return rail_order(payment, attempt)
