"""What a consumer finds on the broker."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Topics:
    bootstrap_servers: str

    def records(self, topic: str, payment_id: str) -> list[Any]:
        """The records of one payment, in order."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap_servers, auto_offset_reset="earliest", metrics_enabled=False
        )
        try:
            places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            found = read_to(consumer, consumer.end_offsets(places))
        finally:
            consumer.close()
        return [record for record in found if record.key == payment_id.encode()]


def headers(record: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


def read_to(consumer: KafkaConsumer, ends: Mapping[TopicPartition, int]) -> list[Any]:
    """All that comes before these offsets."""
    records: list[Any] = []
    give_up_at = time.monotonic() + 15
    while any(consumer.position(place) < end for place, end in ends.items()):
        assert time.monotonic() < give_up_at, "the broker does not hand out what it says it holds"
        for page in consumer.poll(timeout_ms=200).values():
            records.extend(page)
    return records
