"""Commit to Kafka under a steady load, woken by nudges alone: SQS's part is moto's, the relay's is real."""

from __future__ import annotations

import os
import statistics
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, TopicPartition

from infra.local.scheduler import Scheduler
from infra.local.servers.aws import Aws
from infra.local.template import Queue
from paygate.adapters.redis.client import RedisClient
from paygate.adapters.redis.gate import RedisGate
from paygate.adapters.sqs.nudge import ProcessGate, SqsNudge
from paygate.domain.events import EVERY_EVENT_TOPIC

if TYPE_CHECKING:
    from pathlib import Path

    from paygate.adapters.kafka.stream import KafkaStream
    from tests.integration.relay.world import World

PER_SECOND = 50
SECONDS = 12


def p95_seconds(world: World, stream: KafkaStream, redis_url: str, directory: Path) -> float:
    world.clear()
    with Aws(directory) as aws:
        os.environ.update(aws.env)  # boto3 reads where AWS is from here
        queue_url = aws.client("sqs").create_queue(QueueName="relay")["QueueUrl"]
        nudge = SqsNudge(queue_url, RedisGate(RedisClient(redis_url), ProcessGate()))
        stop = threading.Event()
        relay = threading.Thread(target=_relay, args=(world, stream, aws.client("sqs"), queue_url, stop))
        reader = _Reader(world)
        relay.start()
        reader.start()
        try:
            committed = _load(world, nudge)
            arrived = reader.until(set(committed), time.monotonic() + 15)
        finally:
            stop.set()
            reader.stop()
            aws.client("sqs").send_message(QueueUrl=queue_url, MessageBody="end")
            relay.join()
    delays = [arrived[payment_id] - at for payment_id, at in committed.items()]
    return statistics.quantiles(delays, n=20)[-1]


def _load(world: World, nudge: SqsNudge) -> dict[str, float]:
    """A payment settles every 20 ms, each in a transaction of its own; answers when each was committed."""
    committed = {}
    start = time.monotonic()
    for number in range(PER_SECOND * SECONDS):
        time.sleep(max(0, start + number / PER_SECOND - time.monotonic()))
        [payment_id] = world.commit(1)
        committed[payment_id] = time.monotonic()
        nudge()
    return committed


def _relay(world: World, stream: KafkaStream, sqs: Any, queue_url: str, stop: threading.Event) -> None:
    """SQS's event source, and the function that it calls."""

    class RelayFunction:
        def invoke(self, function: Any, event: Any) -> dict[str, Any]:
            world.relay(stream, seconds=10)
            return {}

    scheduler = Scheduler(RelayFunction(), scale=1, minimum=1)  # type: ignore[arg-type]
    queue = Queue("RELAY_QUEUE_URL", 10, reports_failures=True)
    while not stop.is_set():
        scheduler.poll_queue(SimpleNamespace(name="relay_events"), queue, sqs, queue_url)  # type: ignore[arg-type]


class _Reader(threading.Thread):
    """Notes when each payment's event can be read from Kafka."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self._arrived: dict[str, float] = {}
        self._stopped = threading.Event()
        self._consumer = KafkaConsumer(bootstrap_servers=world.kafka.bootstrap_servers, metrics_enabled=False)
        places = [
            TopicPartition(EVERY_EVENT_TOPIC, n) for n in self._consumer.partitions_for_topic(EVERY_EVENT_TOPIC)
        ]
        self._consumer.assign(places)
        self._consumer.seek_to_end(*places)
        for place in places:
            self._consumer.position(place)

    def run(self) -> None:
        while not self._stopped.is_set():
            for page in self._consumer.poll(timeout_ms=100).values():
                for found in page:
                    self._arrived.setdefault(found.key.decode(), time.monotonic())
        self._consumer.close()

    def until(self, wanted: set[str], give_up_at: float) -> dict[str, float]:
        while missing := len(wanted - self._arrived.keys()):
            if time.monotonic() > give_up_at:
                raise AssertionError(f"{missing} events never arrived")
            time.sleep(0.05)
        return self._arrived

    def stop(self) -> None:
        self._stopped.set()
        self.join()
