"""Send stored events again: those of one payment, or all of a time range."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from paygate.ports import Nudge, Outbox


class ReplayOutbox:
    """Puts events back into the queue and answers how many; those that still wait there are not counted.

    Consumers know a repeat by its `event-id`.
    """

    def __init__(self, outbox: Outbox, nudge: Nudge) -> None:
        self._outbox = outbox
        self._nudge = nudge

    def payment(self, payment_id: str, /) -> int:
        return self._nudged(self._outbox.replay_payment(payment_id))

    def range(self, since: datetime, until: datetime, /) -> int:
        """since ≤ written < until."""
        return self._nudged(self._outbox.replay_range(since, until))

    def _nudged(self, queued: int) -> int:
        if queued:
            self._nudge()
        return queued
