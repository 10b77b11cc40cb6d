"""What callers ask for, checked and typed: the values that go from the edge to the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.domain.money import Money


@dataclass(frozen=True, slots=True)
class CreatePayment:
    """`channel` None is the method's default. `metadata` values are strings, numbers, booleans or None."""

    order_id: str
    user_id: int
    price: Money
    method: str
    request_id: str
    channel: str | None = None
    description: str | None = None
    return_url: str | None = None
    expires_in_seconds: int = 900
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefundPayment:
    """`amount` None is all that is left; as text it is read exactly, in `currency`.

    That is what the payment is due in, unless it is the price's: then the locked quote converts. `requested_by` is
    the API key that asks.
    """

    payment_id: str
    request_id: str
    amount: str | None = None
    address: str | None = None
    requested_by: str | None = None
    currency: str | None = None
    reason: str | None = None
