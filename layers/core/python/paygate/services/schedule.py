"""When to ask a rail again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from paygate.ports import Ability

if TYPE_CHECKING:
    from datetime import datetime

    from paygate.ports import Attempt, PaymentRail

WATCH_MARGIN_SECONDS = 30
"""How long after the rail's own expiry an order is still asked about, and ours expires."""

STARTED_GRACE_SECONDS = 25
"""Longer than a request can run: `resolve` does not race one that is alive."""


def next_query_at(attempt: Attempt, rail: PaymentRail, now: datetime) -> datetime | None:
    """The first time after `now` on the rail's schedule, which counts from when the attempt was opened.

    Past its end the last interval repeats. None: the rail cannot be asked.
    """
    if Ability.ASK in rail.inabilities:
        return None
    schedule = rail.query_schedule
    elapsed = (now - attempt.created_at).total_seconds()
    for seconds in schedule:
        if seconds > elapsed:
            return attempt.created_at + timedelta(seconds=seconds)
    interval = schedule[-1] - schedule[-2] if len(schedule) > 1 else schedule[-1]
    return now + timedelta(seconds=interval)


def refund_query_at(asked_since: datetime, now: datetime) -> datetime:
    """A refund is asked about after as long again as it has been waiting: 5 s at least, half an hour at most."""
    waited = (now - asked_since).total_seconds()
    return now + timedelta(seconds=min(max(waited, 5.0), 1800.0))
