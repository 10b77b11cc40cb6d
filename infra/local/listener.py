"""A shop's consumer: a group member that reads `payments.settled` and remembers each payment's record."""

import threading
import uuid
from typing import Any, Self

TOPIC = "payments.settled"


class Listener:
    def __init__(self, bootstrap_servers: str) -> None:
        self.group = f"demo-{uuid.uuid4().hex[:8]}"
        self._servers = bootstrap_servers
        self._records: dict[str, Any] = {}
        self._arrived = threading.Condition()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def wait(self, payment_id: str | None, seconds: float) -> Any:
        """The record with this key, or None."""
        with self._arrived:
            self._arrived.wait_for(lambda: payment_id in self._records, seconds)
            return self._records.get(payment_id or "")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _read(self) -> None:
        from kafka import KafkaConsumer

        consumer = KafkaConsumer(
            TOPIC,
            bootstrap_servers=self._servers,
            group_id=self.group,
            auto_offset_reset="earliest",
            session_timeout_ms=6000,  # with the default the first join takes 20 s or more
            heartbeat_interval_ms=1000,
            metadata_max_age_ms=1000,  # the relay makes the topic with its first event
        )
        while not self._is_over.is_set():
            for records in consumer.poll(timeout_ms=200).values():
                with self._arrived:
                    self._records |= {record.key.decode(): record for record in records}
                    self._arrived.notify_all()
        consumer.close()
