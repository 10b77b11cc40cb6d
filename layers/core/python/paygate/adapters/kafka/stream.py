"""Events out over one kept kafka-python producer.

What its source (3.0.12) says and we rely on or guard against: a flush or close waits for every batch and
sends what is left, so a producer is abandoned by force; a producer whose id the broker forgot never
recovers; a duplicate sequence number counts as success there with offset -1, which may be another
producer's message, so here it counts as unsent; `send` blocks up to `max_block_ms` for each record of a
topic that it does not know, so topics are looked up first.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from paygate.adapters.kafka.settings import producing
from paygate.adapters.kafka.topics import create_topics, list_topics
from paygate.domain.errors import Unavailable
from paygate.domain.events import EVERY_EVENT_TOPIC, TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.kafka.sending import KafkaSending
    from paygate.adapters.kafka.settings import KafkaSettings
    from paygate.ports import QueuedEvent

_IDLE_SECONDS = 1.0
_STALE_SECONDS = 20.0  # a frozen function's sockets may be dead by then
_MISSING_SECONDS = 60.0
_ABANDON_SECONDS = 1.0


class KafkaStream:
    """The producer outlives the call, and is dropped with the first failure that is not an event's own."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: Any = None
        self._used_at = float("-inf")
        self._missing: dict[str, tuple[float, str]] = {}

    def start(self, events: Sequence[QueuedEvent], /) -> KafkaSending:
        from kafka.errors import KafkaError  # noqa: PLC0415  # heavy: the relay only

        from paygate.adapters.kafka.sending import KafkaSending  # noqa: PLC0415  # so is this

        try:
            idle_seconds = time.monotonic() - self._used_at
            if idle_seconds > _IDLE_SECONDS:
                self._settings.reach()
            if idle_seconds > _STALE_SECONDS:
                self.close()
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
