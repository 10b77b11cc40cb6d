"""How a run of the relay decides, on an outbox and a stream in memory."""

from __future__ import annotations

import pytest

from paygate.domain.errors import Conflict, Unavailable
from paygate.ports import Backlog, Delivery, QueuedEvent, Refusal
from paygate.services.relay_events import LEASE_SECONDS, RelayEvents

A, B, C = (QueuedEvent(f"PAY_{name}", 1, f"EVT_{name}", "payment.settled", ["t"], "{}", "r") for name in "ABC")


class MemoryMeter:
    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def count(self, name: str, /, value: int = 1, **_: str) -> None:
        self.told.append((name, value))

    def measure(self, name: str, milliseconds: int, /, **_: str) -> None:
        self.told.append((name, milliseconds))

    def gauge(self, name: str, value: float, /, **_: str) -> None:
        self.told.append((name, int(value)))

    def alarm(self, name: str, /, **_: str) -> None:
        self.told.append((name, -1))


class MemoryOutbox:
    """Hands out each batch once; what is released comes back."""

    def __init__(self, *batches: list[QueuedEvent]) -> None:
        self.waiting = list(batches)
        self.said: list[tuple[str, list[str]]] = []
        self.is_down_after = 10**6
        self.drop_fails = False

    def lease(self, lease: str, limit: int, seconds: int, /) -> list[QueuedEvent]:
        assert seconds == LEASE_SECONDS
        self.is_down_after -= 1
        if self.is_down_after < 0:
            raise Unavailable("PostgreSQL went away")
        return self.waiting.pop(0) if self.waiting else []

    def sent(self, lease: str, events: list[QueuedEvent], /) -> None:
        self._say("sent", events)

    def release(self, lease: str, events: list[QueuedEvent], cause: str, /) -> None:
        self._say(f"released {cause}", events)
        self.waiting.append(events)

    def hold_back(self, lease: str, refusals: list[Refusal], /) -> None:
        self._say("held back", [refusal.event for refusal in refusals])

    def backlog(self) -> Backlog:
        return Backlog(sum(map(len, self.waiting)), 7)

    def drop_old(self, days: int, /) -> int:
        if self.drop_fails:
            raise Conflict("another relay drops the same rows")
        return 0

    def _say(self, what: str, events: list[QueuedEvent]) -> None:
        self.said.append((what, [event.payment_id for event in events]))


class MemoryStream:
    """Does with a batch what `script` says next; after that everything is sent."""

    def __init__(self, *script: str) -> None:
        self.script = list(script)
        self.under_way = 0

    def start(self, events: list[QueuedEvent], /) -> MemorySending:
        step = self.script.pop(0) if self.script else "send"
        if step == "gone":
            raise Unavailable("Kafka cannot be reached")
        self.under_way += 1
        return MemorySending(self, events, step)


class MemorySending:
    def __init__(self, stream: MemoryStream, events: list[QueuedEvent], step: str) -> None:
        self.stream, self.events, self.step = stream, events, step

    def finish(self, seconds: float, /) -> Delivery:
        self.stream.under_way -= 1
        if self.step == "lose":
            return Delivery([], [], self.events, "KafkaTimeoutError")
        if self.step == "refuse first":
            return Delivery(self.events[1:], [Refusal(self.events[0], "TooLarge")], [])
        return Delivery(self.events, [], [])


def run(outbox: MemoryOutbox, stream: MemoryStream, seconds: float = 20) -> tuple[object, MemoryMeter]:
    meter = MemoryMeter()
    report = RelayEvents(outbox, stream, meter, retention_days=30)(seconds)
    assert stream.under_way == 0
    return report, meter


def counts(report: object) -> tuple[int, int, int]:
    return report.sent, report.refused, report.unsent  # type: ignore[attr-defined]


def test_all_batches_go_out() -> None:
    outbox = MemoryOutbox([A, B], [C])
    report, meter = run(outbox, MemoryStream())
    assert counts(report) == (3, 0, 0)
    assert outbox.said == [("sent", ["PAY_A", "PAY_B"]), ("sent", ["PAY_C"])]
    assert meter.told == [("OutboxDepth", 0), ("OutboxAge", 7)]


def test_a_failed_batch_is_put_back_and_tried_again() -> None:
    outbox = MemoryOutbox([A], [B])
    report, _ = run(outbox, MemoryStream("lose"))
    assert counts(report) == (2, 0, 1)
    assert not report.is_complete  # type: ignore[attr-defined]
    assert outbox.said == [("released KafkaTimeoutError", ["PAY_A"]), ("sent", ["PAY_B"]), ("sent", ["PAY_A"])]


def test_a_stream_that_keeps_failing_ends_the_run() -> None:
    outbox = MemoryOutbox([A])
    report, _ = run(outbox, MemoryStream(*["lose"] * 10))
    assert counts(report) == (0, 0, 3)
    assert outbox.waiting == [[A]]


def test_a_stream_that_is_gone_ends_the_run_at_once() -> None:
    outbox = MemoryOutbox([A], [B])
    stream = MemoryStream("gone", "gone")
    report, _ = run(outbox, stream)
    assert counts(report) == (0, 0, 2)
    assert stream.script == ["gone"]
    assert outbox.waiting == [[A], [B]]


def test_e6_a_refused_event_is_held_back_alone_and_raises_an_alarm() -> None:
    outbox = MemoryOutbox([A, B])
    report, meter = run(outbox, MemoryStream("refuse first"))
    assert counts(report) == (1, 1, 0)
    assert report.is_complete  # type: ignore[attr-defined]
    assert outbox.said == [("sent", ["PAY_B"]), ("held back", ["PAY_A"])]
    assert ("OutboxEventRefused", -1) in meter.told


def test_no_time_no_lease() -> None:
    outbox = MemoryOutbox([A])
    report, meter = run(outbox, MemoryStream(), seconds=2)
    assert counts(report) == (0, 0, 0)
    assert meter.told == [("OutboxDepth", 1), ("OutboxAge", 7)]


def test_nothing_stays_under_way_when_postgresql_goes_away() -> None:
    outbox, stream = MemoryOutbox([A], [B]), MemoryStream()
    outbox.is_down_after = 1
    with pytest.raises(Unavailable):
        run(outbox, stream)
    assert stream.under_way == 0


def test_a_lost_race_over_retention_fails_nothing() -> None:
    outbox = MemoryOutbox([A])
    outbox.drop_fails = True
    assert counts(run(outbox, MemoryStream())[0]) == (1, 0, 0)
