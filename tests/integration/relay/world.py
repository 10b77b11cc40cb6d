"""Committed events on a real PostgreSQL, and what a consumer sees of them on a real broker."""

import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from infra.local.servers.kafka import Kafka
from infra.local.servers.postgres import OWNER, Postgres
from paygate.adapters.kafka.settings import KafkaSettings
from paygate.adapters.kafka.stream import KafkaStream
from paygate.adapters.postgres.database import Database
from paygate.adapters.postgres.outbox import PostgresOutbox
from paygate.domain.events import EVERY_EVENT_TOPIC
from paygate.domain.ids import encode, uuid7
from paygate.services.relay_events import RelayEvents, RelayReport
from tests.support.topics import read_to

# One payment with :count events, each in the log and in the queue, as one commit.
PAYMENT = """
INSERT INTO payments (id, order_id, user_id, method, channel, state, price, currency, decimals, due, due_asset,
    due_decimals, request_id, created_at, updated_at, expires_at)
SELECT id, 'ORDER_1', 1, 'ALIPAY', 'QR', 'PENDING', 10000, 'CNY', 2, 10000, 'CNY', 2, 'r', now(), now(),
    now() + interval '1 hour'
FROM unnest(CAST(:ids AS text[])) AS id
"""
EVENTS = """
WITH added AS (
    INSERT INTO outbox (payment_id, sequence, event_id, kind, topics, payload, request_id)
    SELECT id, number, 'EVT_' || substr(id, 5) || number, 'payment.settled', CAST(:topics AS text[]),
        '{"paymentId":"' || id || '","amount":100.00,"sequence":' || number || ',"orderId":"订单"}', 'r-' || number
    FROM unnest(CAST(:ids AS text[])) AS id, generate_series(CAST(:first AS int), CAST(:last AS int)) AS number
    RETURNING payment_id, sequence
)
INSERT INTO outbox_queue (payment_id, sequence) SELECT payment_id, sequence FROM added
"""
SETTLED_TOPICS = ("payments.settled", EVERY_EVENT_TOPIC)


@dataclass
class MemoryMeter:
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    measures: dict[str, int] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)

    def count(self, name: str, /, value: int = 1, **dimensions: str) -> None:
        self.counts[name] += value

    def measure(self, name: str, milliseconds: int, /, **dimensions: str) -> None:
        self.measures[name] = milliseconds

    def gauge(self, name: str, value: float, /, **dimensions: str) -> None:
        self.counts[name] = int(value)

    def alarm(self, name: str, /, **dimensions: str) -> None:
        self.alarms.append(name)


class World:
    def __init__(self, postgres: Postgres, kafka: Kafka, database: str = "paygate") -> None:
        self.postgres = postgres
        self.kafka = kafka
        self.kafka_settings = KafkaSettings(kafka.bootstrap_servers)
        self.database_name = database
        self.database = Database(postgres.url(database=database))
        self.outbox = PostgresOutbox(self.database)
        self.meter = MemoryMeter()
        self._lock = threading.Lock()
        self._session = ExitStack()
        self._owner: Any = None

    def sql(self, text: str, **values: Any) -> list[list[Any]]:
        """As the schema's owner."""
        with self._lock:
            if self._owner is None:
                self._owner = self._session.enter_context(self.postgres.admin(self.database_name))
                self._owner.run(f"SET ROLE {OWNER}")
            rows: list[list[Any]] = self._owner.run(text, **values) or []
            return rows

    def clear(self) -> None:
        self.sql("TRUNCATE payments, outbox, outbox_queue CASCADE")

    def close(self) -> None:
        self.database.close()
        self._session.close()

    def commit(self, payments: int, events: int = 1, topics: Sequence[str] = SETTLED_TOPICS) -> list[str]:
        """That many new payments, each with events 1 … `events`; answers their ids."""
        ids = [encode("PAY", uuid7(time.time_ns() // 10**6, os.urandom(10))) for _ in range(payments)]
        self.sql(PAYMENT, ids=ids)
        self.commit_events(ids, 1, events, topics)
        return ids

    def commit_events(
        self, ids: Sequence[str], first: int, last: int, topics: Sequence[str] = SETTLED_TOPICS
    ) -> None:
        self.sql(EVENTS, ids=list(ids), first=first, last=last, topics=list(topics))

    def queued(self) -> int:
        [[count]] = self.sql("SELECT count(*) FROM outbox_queue")
        return int(count)

    def relay(self, stream: KafkaStream, seconds: float = 20) -> RelayReport:
        return RelayEvents(self.outbox, stream, self.meter, retention_days=30)(seconds)

    def relay_process(self, seconds: float = 20) -> "subprocess.Popen[bytes]":
        """A relay in a process of its own, which starts at a line of input and ends when the queue is empty."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.relay.process", str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **self.environment},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process

    @property
    def environment(self) -> Mapping[str, str]:
        return {**self.postgres.env, **self.kafka.env}

    def records(self, topic: str = EVERY_EVENT_TOPIC) -> list[Any]:
        """Everything that the broker holds of a topic, in order per partition."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap_servers, auto_offset_reset="earliest", metrics_enabled=False
        )
        try:
            places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            return read_to(consumer, consumer.end_offsets(places))
        finally:
            consumer.close()

    def sequences(self, ids: Sequence[str], topic: str = EVERY_EVENT_TOPIC) -> dict[str, list[int]]:
        """The sequence numbers that arrived of each payment, repeats included."""
        found: dict[str, list[int]] = {payment_id: [] for payment_id in ids}
        for record in self.records(topic):
            payment_id = record.key.decode()
            if payment_id in found:
                found[payment_id].append(json.loads(record.value)["sequence"])
        return found


def first_occurrences(sequences: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(sequences))
