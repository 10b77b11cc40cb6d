"""Send what the outbox holds: at least once, first occurrences in order per payment."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paygate.domain.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.ports import EventStream, Meter, Outbox, QueuedEvent, Sending

BATCH = 500
LEASE_SECONDS = 30
_RESERVE_SECONDS = 3.0  # what a run keeps back to settle what it has begun
_SETTLE_SECONDS = 1.0  # … of which PostgreSQL gets this
_STRIKES = 3


@dataclass(slots=True)
class RelayReport:
    """`unsent` counts sends that failed and were put back, `refused` those the stream will not take."""

    sent: int = 0
    refused: int = 0
    unsent: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether the stream took all that it was given; if not, whoever woke the relay should do so again."""
        return not self.unsent


class RelayEvents:
    """Sends until nothing is due or the time is nearly up."""

    def __init__(self, outbox: Outbox, stream: EventStream, meter: Meter, *, retention_days: int) -> None:
        self._outbox = outbox
        self._stream = stream
        self._meter = meter
        self._retention_days = retention_days

    def __call__(self, seconds: float, /) -> RelayReport:
        report = _Run(self._outbox, self._stream, time.monotonic() + seconds).drain()
        if report.refused:
            self._meter.alarm("OutboxEventRefused")
        backlog = self._outbox.backlog()
        self._meter.count("OutboxDepth", backlog.depth)
        self._meter.measure("OutboxAge", backlog.age_ms)
        with suppress(Conflict):  # another relay drops the same rows
            self._outbox.drop_old(self._retention_days)
        return report


@dataclass(frozen=True, slots=True)
class _Flight:
    lease: str
    sending: Sending


class _Run:
    """One drain. The next batch is leased while the last is under way.

    An event leaves the queue when every topic has acknowledged it, and only then is its payment's next one
    leased.
    """

    def __init__(self, outbox: Outbox, stream: EventStream, give_up_at: float) -> None:
        self._outbox = outbox
        self._stream = stream
        self._give_up_at = give_up_at
        self._strikes = 0
        self._flight: _Flight | None = None
        self._report = RelayReport()

    def drain(self) -> RelayReport:
        try:
            while True:
                following = self._take_off()
                if self._flight is None and following is None:
                    return self._report
                flight, self._flight = self._flight, following
                if flight is not None:
                    self._land(flight)
        finally:
            if self._flight is not None:  # PostgreSQL went away: the lease will run out
                self._flight.sending.finish(0)

    def _take_off(self) -> _Flight | None:
        is_time_up = time.monotonic() > self._give_up_at - _RESERVE_SECONDS
        if is_time_up or self._strikes >= _STRIKES:
            return None
        lease = uuid.uuid4().hex
        events = self._outbox.lease(lease, BATCH, LEASE_SECONDS)
        if not events:
            return None
        try:
            return _Flight(lease, self._stream.start(events))
        except Unavailable:
            self._strikes = _STRIKES
            self._release(lease, events, "Unavailable")
            return None

    def _land(self, flight: _Flight) -> None:
        seconds = self._give_up_at - _SETTLE_SECONDS - time.monotonic()
        delivery = flight.sending.finish(max(seconds, 0))
        if delivery.sent:
            self._outbox.sent(flight.lease, delivery.sent)
            self._report.sent += len(delivery.sent)
        if delivery.refused:
            self._outbox.hold_back(flight.lease, delivery.refused)
            self._report.refused += len(delivery.refused)
        if delivery.unsent:
            self._strikes += 1
            self._release(flight.lease, delivery.unsent, delivery.cause)

    def _release(self, lease: str, events: Sequence[QueuedEvent], cause: str) -> None:
        self._outbox.release(lease, events, cause)
        self._report.unsent += len(events)
