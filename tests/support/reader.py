"""A consumer that reads `payments.events` all the while, and remembers every record by its event."""

from __future__ import annotations

import json
import threading
import uuid
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from paygate.domain.events import EVERY_EVENT_TOPIC

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reader:
    """`events` holds payloads by event id; `first_seen` each payment's sequence numbers as they first came."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.first_seen: dict[str, list[int]] = {}
        self.changed: list[str] = []
        self._servers = bootstrap_servers
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Join under a new name: a broker that was killed knows neither groups nor offsets any more."""
        self._is_over.clear()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def _read(self) -> None:
        consumer = KafkaConsumer(
            EVERY_EVENT_TOPIC,
            bootstrap_servers=self._servers,
            group_id=f"reader-{uuid.uuid4().hex[:8]}",
            auto_offset_reset="earliest",
            session_timeout_ms=6000,
            heartbeat_interval_ms=1000,
            metadata_max_age_ms=1000,
            metrics_enabled=False,
        )
        try:
            while not self._is_over.is_set():
                self._take(consumer.poll(timeout_ms=100))
        except KafkaError:
            if not self._is_over.is_set():
                raise
        finally:
            consumer.close(autocommit=False, timeout_ms=0)

    def _take(self, pages: Mapping[Any, list[Any]]) -> None:
        for record in (record for page in pages.values() for record in page):
            event = json.loads(record.value, parse_float=str)
            event["kind"] = dict(record.headers)["event-type"].decode()
            known = self.events.setdefault(event["eventId"], event)
            if known != event:
                self.changed.append(event["eventId"])
            seen = self.first_seen.setdefault(event["paymentId"], [])
            if event["sequence"] not in seen:
                seen.append(event["sequence"])
