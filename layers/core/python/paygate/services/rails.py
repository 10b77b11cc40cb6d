"""Which rails are on, by payment method and by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt, Order, PaymentRail, Strategy


class Rails(Protocol):
    def for_method(self, method: str, /) -> tuple[Strategy, PaymentRail]:
        """Raises MethodNotAvailable when the method's rail is not configured."""

    def by_name(self, rail: str, /) -> PaymentRail:
        """Raises NotFound for a rail that is unknown or off."""


def order_at(rails: Rails, payment: Payment, attempt: Attempt) -> tuple[PaymentRail, Order]:
    """The rail of an attempt and the order as it was sent to it; raises MethodNotAvailable when it is off."""
    strategy, rail = rails.for_method(payment.method)
    return rail, strategy.order(payment, attempt)
