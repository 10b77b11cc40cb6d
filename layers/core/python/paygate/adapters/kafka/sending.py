"""One batch on its way through a producer. Imports kafka-python: load it on first use."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kafka import errors
from kafka.partitioner.default import murmur2

from paygate.adapters.kafka.settings import DELIVERY_MS
from paygate.domain.events import SCHEMA_VERSION
from paygate.ports import Delivery, Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.kafka.stream import KafkaStream
    from paygate.ports import QueuedEvent

_PATIENCE_SECONDS = 1.0
_FINISH_SECONDS = DELIVERY_MS / 1000 + 1
_SCHEMA_VERSION = SCHEMA_VERSION.encode()
_OWN = (
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
    except (errors.KafkaError, ValueError, TypeError) as error:
        send.failure = error
    return send


def _failure(send: _Send, give_up_at: float) -> Exception | None:
    """Why the event did not reach all its topics; None when every one acknowledged it."""
    failure = send.failure
    for future in send.futures:
        try:
            metadata = future.value or future.get(timeout=max(give_up_at - time.monotonic(), 0))
        except errors.KafkaError as error:
            # What is not the event's own fault counts first: then it is sent again.
            failure = error if failure is None or _is_own(failure) else failure
        else:
            if metadata.offset < 0:
                failure = errors.DuplicateSequenceNumberError()
    return failure


def _is_own(failure: Exception) -> bool:
    """Whether the event itself is at fault, so that no other need wait for it."""
    return isinstance(failure, _OWN)
