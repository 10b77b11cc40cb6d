"""Events a second against bare kafka-python, and how long a committed event takes to reach Kafka."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from kafka import KafkaProducer

from infra.local.servers.kafka import Kafka
from infra.local.servers.postgres import OWNER
from migrations import upgrade
from paygate.adapters.kafka.settings import producing
from paygate.adapters.kafka.stream import KafkaStream
from tests.bench.figures import Figure
from tests.bench.relay_latency import p95_seconds
from tests.integration.relay.world import SETTLED_TOPICS, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.world import World as Bench

EVENTS = 10_000
ROUNDS = 5
BATCH = 500
LATENCY_BAR_SECONDS = 2.0


def measure(bench: Bench) -> Iterator[Figure]:
    bench.postgres.create_database("relay")
    upgrade(bench.postgres.url(OWNER, "relay"))
    with (
        tempfile.TemporaryDirectory(prefix="paygate-bench-") as directory,
        Kafka(Path(directory) / "kafka") as kafka,
    ):
        pin_servers()
        world = World(bench.postgres, kafka, "relay")
        stream = KafkaStream(world.kafka_settings)
        ours, bare = throughput(world, stream)
        yield Figure("relay_throughput", ours, bare, "1/s", 0.6, is_least=True)
        seconds = p95_seconds(world, stream, bench.settings["REDIS_URL"], Path(directory) / "aws")
        # No floor but the bar itself: the ratio says how much of it is used.
        yield Figure("relay_latency_p95_seconds", seconds, LATENCY_BAR_SECONDS, "s", 1.0)
        stream.close()
        world.close()


def throughput(world: World, stream: KafkaStream) -> tuple[float, float]:
    """Medians of ours and of the floor, taken in turn; both topics of every event, in batches of 500."""
    world.commit(BATCH)
    world.relay(stream)
    ours, bare = [], []
    for _ in range(ROUNDS):
        world.clear()
        world.commit(EVENTS)
        world.sql("ANALYZE outbox, outbox_queue")  # as autovacuum does in time
        rows = [
            record(row) for row in world.sql("SELECT payment_id, event_id, kind, payload, request_id FROM outbox")
        ]
        bare.append(EVENTS / by_hand(world, rows))
        started = time.perf_counter()
        report = world.relay(stream, seconds=60)
        ours.append(EVENTS / (time.perf_counter() - started))
        if report.sent != EVENTS:
            raise AssertionError(report)
    return statistics.median(ours), statistics.median(bare)


def record(row: list[Any]) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    payment_id, event_id, kind, payload, request_id = row
    headers = {"event-id": event_id, "event-type": kind, "schema-version": "1", "request-id": request_id}
    return payment_id.encode(), payload.encode(), [(name, value.encode()) for name, value in headers.items()]


def by_hand(world: World, rows: list[tuple[bytes, bytes, list[tuple[str, bytes]]]]) -> float:
    """Seconds for the same bytes by kafka-python alone: the same settings, and every future checked."""
    producer = KafkaProducer(**world.kafka_settings.connection(), **producing())
    for topic in SETTLED_TOPICS:
        producer.partitions_for(topic)
    producer.send(SETTLED_TOPICS[0], b"{}", key=b"warm").get(10)
    started = time.perf_counter()
    for first in range(0, len(rows), BATCH):
        futures = [
            producer.send(topic, value, key=key, headers=headers)
            for key, value, headers in rows[first : first + BATCH]
            for topic in SETTLED_TOPICS
        ]
        for future in futures:
            future.get(10)
    seconds = time.perf_counter() - started
    producer.close()
    return seconds


def pin_servers() -> None:
    """What was started from here keeps off this process's processor."""
    me = psutil.Process()
    if not hasattr(me, "cpu_affinity"):
        return
    others = set(range(psutil.cpu_count() or 1)) - set(me.cpu_affinity())
    for child in me.children(recursive=True) if others else ():
        child.cpu_affinity(list(others))
