"""Send what the outbox holds: at least once, first occurrences in order per payment."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paygate.domain.errors import Conflict, Unavailable
from paygate.ports import Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

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
        self._meter.gauge("OutboxDepth", backlog.depth)
        self._meter.measure("OutboxAge", backlog.age_ms)
        with suppress(Conflict):  # another relay drops the same rows
            self._outbox.drop_old(self._retention_days)
        return report


@dataclass(frozen=True, slots=True)
class _Batch:
    lease: str
    events: Sequence[QueuedEvent]


@dataclass(frozen=True, slots=True)
class _Flight:
    lease: str
    sending: Sending


@dataclass(frozen=True, slots=True)
class _Landing:
    lease: str
    delivery: Delivery


class _Run:
    """One drain: while a batch is handed to the stream, a clerk settles the last one and leases the next.

    An event leaves the queue when every topic has acknowledged it, and only then is its payment's next one
    leased.
    """

    def __init__(self, outbox: Outbox, stream: EventStream, give_up_at: float) -> None:
        self._outbox = outbox
        self._stream = stream
        self._give_up_at = give_up_at
        self._strikes = 0
        self._flight: _Flight | None = None
        self._landed: list[_Landing] = []
        self._report = RelayReport()

    def drain(self) -> RelayReport:
        with ThreadPoolExecutor(1, "relay") as clerk:
            try:
                batch = self._settle_and_lease([])
                while batch or self._flight or self._landed:
                    following = self._hand_to(clerk) if batch or self._landed else None
                    self._turn(batch)
                    batch = following.result() if following else None
            finally:
                if self._flight is not None:  # PostgreSQL went away: the lease will run out
                    self._flight.sending.finish(0)
        return self._report

    def _hand_to(self, clerk: ThreadPoolExecutor) -> Future[_Batch | None]:
        landed, self._landed = self._landed, []
        return clerk.submit(copy_context().run, self._settle_and_lease, landed)

    def _turn(self, batch: _Batch | None) -> None:
        """Start this batch, then wait for the one before."""
        flight, self._flight = self._flight, None
        try:
            if batch is not None:
                self._flight = self._take_off(batch)
        finally:
            if flight is not None:
                seconds = self._give_up_at - _SETTLE_SECONDS - time.monotonic()
                self._land(flight.lease, flight.sending.finish(max(seconds, 0)))

    def _take_off(self, batch: _Batch) -> _Flight | None:
        if self._strikes < _STRIKES:
            try:
                return _Flight(batch.lease, self._stream.start(batch.events))
            except Unavailable:
                self._strikes = _STRIKES
        self._land(batch.lease, Delivery([], [], batch.events, "Unavailable"))
        return None

    def _land(self, lease: str, delivery: Delivery) -> None:
        self._landed.append(_Landing(lease, delivery))
        self._strikes += bool(delivery.unsent)
        self._report.sent += len(delivery.sent)
        self._report.refused += len(delivery.refused)
        self._report.unsent += len(delivery.unsent)

    def _settle_and_lease(self, landed: Sequence[_Landing]) -> _Batch | None:
        for landing in landed:
            self._settle(landing.lease, landing.delivery)
        is_time_up = time.monotonic() > self._give_up_at - _RESERVE_SECONDS
        if is_time_up or self._strikes >= _STRIKES:
            return None
        lease = uuid.uuid4().hex
        events = self._outbox.lease(lease, BATCH, LEASE_SECONDS)
        return _Batch(lease, events) if events else None

    def _settle(self, lease: str, delivery: Delivery) -> None:
        if delivery.sent:
            self._outbox.sent(lease, delivery.sent)
        if delivery.refused:
            self._outbox.hold_back(lease, delivery.refused)
        if delivery.unsent:
            self._outbox.release(lease, delivery.unsent, delivery.cause)
