"""A refund and the moves it can make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paygate.domain.errors import Conflict
from paygate.domain.states import REFUND_TRANSITIONS, UNDER_WAY, RefundState

if TYPE_CHECKING:
    from datetime import datetime

    from paygate.domain.money import Money

OUTSIDE = "RAIL"  # made in the rail's own console
OURS = "API"


@dataclass(frozen=True, slots=True)
class Refund:
    """Money on its way back; `reference` is the number the rail knows it by, the same on every retry.

    `address` is where it goes to on a chain, where money cannot go back the way it came. `requested_by` is the API
    key that asked for it.
    """

    id: str
    payment_id: str
    amount: Money
    state: RefundState
    reference: str
    origin: str
    reason: str | None
    request_id: str
    created_at: datetime
    updated_at: datetime
    rail_id: str | None = None
    failure_reason: str | None = None
    address: str | None = None
    requested_by: str | None = None

    def to(self, state: RefundState, at: datetime, failure_reason: str | None = None) -> Refund:
        """The same refund in another state; raises Conflict when the table has no such move."""
        if (self.state, state) not in REFUND_TRANSITIONS:
            raise Conflict(f"refund {self.id} cannot go from {self.state} to {state}")
        return replace(self, state=state, updated_at=at, failure_reason=failure_reason)

    @property
    def holds_reserve(self) -> bool:
        """Money that is neither back nor certainly not going back stays reserved."""
        return self.origin == OURS and self.state in UNDER_WAY
