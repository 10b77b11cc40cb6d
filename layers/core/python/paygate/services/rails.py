"""Which rails are on, by payment method and by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from paygate.ports import PaymentRail, Strategy


class Rails(Protocol):
    def for_method(self, method: str, /) -> tuple[Strategy, PaymentRail]:
        """Raises MethodNotAvailable when the method's rail is not configured."""

    def by_name(self, rail: str, /) -> PaymentRail:
        """Raises NotFound for a rail that is unknown or off."""
