"""Events out over one kept kafka-python producer.

What its source (3.0.12) says and we rely on or guard against: a flush or close waits for every batch and
sends what is left, so a producer is abandoned by force; a producer whose id the broker forgot never
recovers; a duplicate sequence number counts as success there with offset -1, which may be another
producer's message, so here it counts as unsent; `send` blocks up to `max_block_ms` for each record of a
topic that it does not know, so topics are looked up first.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paygate.adapters.kafka.settings import DELIVERY_MS, producing
from paygate.adapters.kafka.topics import create_topics, list_topics
from paygate.domain.errors import Unavailable
from paygate.domain.events import EVERY_EVENT_TOPIC, SCHEMA_VERSION, TOPICS
from paygate.ports import Delivery, Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.kafka.settings import KafkaSettings
    from paygate.ports import QueuedEvent

_IDLE_SECONDS = 1.0
_PATIENCE_SECONDS = 1.0
_MISSING_SECONDS = 60.0
_FINISH_SECONDS = DELIVERY_MS / 1000 + 1
_ABANDON_SECONDS = 1.0
_SCHEMA_VERSION = SCHEMA_VERSION.encode()


class KafkaStream:
    """The producer outlives the call, and is dropped with the first failure that is not an event's own."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: Any = None
        self._used_at = float("-inf")
        self._missing: dict[str, tuple[float, str]] = {}

    def start(self, events: Sequence[QueuedEvent], /) -> KafkaSending:
        from kafka.errors import KafkaError  # noqa: PLC0415  # heavy: the relay only

        try:
            if time.monotonic() - self._used_at > _IDLE_SECONDS:
                self._settings.reach()
            producer = self._open()
            producer.partitions_for(EVERY_EVENT_TOPIC)
            topics = {topic for event in events for topic in event.topics}
            unusable = {topic: cause for topic in topics if (cause := self._cause(producer, topic))}
        except (KafkaError, OSError) as error:
            self.close()
            raise Unavailable("Kafka cannot be reached") from error
        self._used_at = time.monotonic()
        return KafkaSending(self, producer, events, unusable)

    def is_reachable(self) -> bool:
        try:
            self._settings.reach()
        except OSError:
            return False
        return True

    def abandon(self, producer: Any) -> None:
        """Drop the producer without waiting; what it has not sent yet it never sends."""
        if producer is self._producer:
            self._producer = None
        producer._sender.force_close()  # noqa: SLF001  # close(0) flushes first, and raises before it forces
        producer._sender.join(_ABANDON_SECONDS)  # noqa: SLF001
        producer.close(0)

    def close(self) -> None:
        """Every batch has been finished, so nothing is left to wait for."""
        if self._producer is not None:
            self.abandon(self._producer)

    def _open(self) -> Any:
        if self._producer is None:
            from kafka import KafkaProducer  # noqa: PLC0415  # heavy: the relay only

            if self._settings.new_topic_partitions:
                create_topics(self._settings, [topic for topics in TOPICS.values() for topic in topics])
            self._producer = KafkaProducer(**self._settings.connection(), **producing())
        return self._producer

    def _cause(self, producer: Any, topic: str) -> str:
        """Why this broker does not take the topic; empty when it does."""
        from kafka.errors import KafkaError  # noqa: PLC0415

        until, cause = self._missing.get(topic, (0.0, ""))
        if time.monotonic() < until:
            return cause
        try:
            producer.partitions_for(topic)
        except (KafkaError, ValueError, TypeError) as error:
            list_topics(self._settings)  # raises when it is the broker that is missing
            cause = type(error).__name__
            self._missing[topic] = (time.monotonic() + _MISSING_SECONDS, cause)
            return cause
        return ""


@dataclass(slots=True)
class _Send:
    event: QueuedEvent
    futures: list[Any] = field(default_factory=list)
    failure: Exception | None = None


class KafkaSending:
    """A batch that is on its way from the moment it is made."""

    def __init__(
        self, stream: KafkaStream, producer: Any, events: Sequence[QueuedEvent], unusable: dict[str, str]
    ) -> None:
        self._stream = stream
        self._producer = producer
        self._give_up_at = time.monotonic() + _FINISH_SECONDS
        self._refused: list[Refusal] = []
        self._sends: list[_Send] = []
        topics = {topic for event in events for topic in event.topics} - unusable.keys()
        counts = {topic: len(producer.partitions_for(topic)) for topic in topics}
        for event in events:
            cause = next((unusable[topic] for topic in event.topics if topic in unusable), None)
            if cause:
                self._refused.append(Refusal(event, cause))
            else:
                self._sends.append(_send(producer, event, counts))

    def finish(self, seconds: float, /) -> Delivery:
        give_up_at = min(self._give_up_at, time.monotonic() + seconds)
        if not self._is_moving(give_up_at):
            give_up_at = time.monotonic()
        sent: list[QueuedEvent] = []
        unsent: list[QueuedEvent] = []
        refused = list(self._refused)
        cause = ""
        for send in self._sends:
            failure = _failure(send, give_up_at)
            if failure is None:
                sent.append(send.event)
            elif _is_own(failure):
                refused.append(Refusal(send.event, type(failure).__name__))
            else:
                unsent.append(send.event)
                cause = cause or type(failure).__name__
        if unsent:
            self._stream.abandon(self._producer)
        return Delivery(sent, refused, unsent, cause)

    def _is_moving(self, give_up_at: float) -> bool:
        """Whether waiting is worth while: not when nothing came back and no server takes a connection."""
        futures = next((send.futures for send in self._sends if send.futures), None)
        patience_ends_at = min(give_up_at, time.monotonic() + _PATIENCE_SECONDS)
        if futures is None or _failure(_Send(self._sends[0].event, futures[:1]), patience_ends_at) is None:
            return True
        return self._stream.is_reachable()


def _send(producer: Any, event: QueuedEvent, counts: dict[str, int]) -> _Send:
    """Hand the event to the producer once for each of its topics, of which `counts` tells the partitions."""
    from kafka.errors import KafkaError  # noqa: PLC0415
    from kafka.partitioner.default import murmur2  # noqa: PLC0415

    send = _Send(event)
    key, value = event.payment_id.encode(), event.payload.encode()
    headers = [
        ("event-id", event.event_id.encode()),
        ("event-type", event.kind.encode()),
        ("schema-version", _SCHEMA_VERSION),
        ("request-id", event.request_id.encode()),
    ]
    # Kafka's default partitioner, but the hash, which is slow in Python, is taken once for all topics.
    place = murmur2(key) & 0x7FFFFFFF
    try:
        for topic in event.topics:
            future = producer.send(topic, value, key=key, headers=headers, partition=place % counts[topic])
            send.futures.append(future)
    except (KafkaError, ValueError, TypeError) as error:
        send.failure = error
    return send


def _failure(send: _Send, give_up_at: float) -> Exception | None:
    """Why the event did not reach all its topics; None when every one acknowledged it."""
    from kafka.errors import DuplicateSequenceNumberError, KafkaError  # noqa: PLC0415

    failure = send.failure
    for future in send.futures:
        try:
            metadata = future.value or future.get(timeout=max(give_up_at - time.monotonic(), 0))
        except KafkaError as error:
            # What is not the event's own fault counts first: then it is sent again.
            failure = error if failure is None or _is_own(failure) else failure
        else:
            if metadata.offset < 0:
                failure = DuplicateSequenceNumberError()
    return failure


def _is_own(failure: Exception) -> bool:
    """Whether the event itself is at fault, so that no other need wait for it."""
    from kafka import errors  # noqa: PLC0415

    own = (
        errors.MessageSizeTooLargeError,
        errors.RecordListTooLargeError,
        errors.InvalidTopicError,
        errors.InvalidRecordError,
        errors.InvalidTimestampError,
        errors.TopicAuthorizationFailedError,
        errors.PolicyViolationError,
        ValueError,
        TypeError,
    )
    return isinstance(failure, own)
