"""Create the topics of events: by `migrate` on AWS, by the relay where settings say so."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from paygate.adapters.kafka.settings import REACH_MS, REQUEST_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paygate.adapters.kafka.settings import KafkaSettings


def create_topics(settings: KafkaSettings, names: Iterable[str]) -> list[str]:
    """Create those of `names` that are missing, where the broker allows; KafkaError if it is unreachable.

    With as many replicas as the broker thinks right. Answers those that were made.
    """
    from kafka.errors import AuthorizationError, PolicyViolationError, TopicAlreadyExistsError  # noqa: PLC0415

    how = {"num_partitions": settings.new_topic_partitions or -1, "replication_factor": -1}
    made: list[str] = []
    with _admin(settings) as admin:
        for name in sorted(set(names) - set(admin.list_topics())):
            try:
                admin.create_topics({name: how})
                made.append(name)
            except (TopicAlreadyExistsError, AuthorizationError, PolicyViolationError):
                continue  # another was first; or whoever sends to it will learn that it is missing
    return made


def list_topics(settings: KafkaSettings) -> list[str]:
    """Raises KafkaError when the broker cannot be reached."""
    with _admin(settings) as admin:
        names: list[str] = admin.list_topics()
        return names


@contextmanager
def _admin(settings: KafkaSettings) -> Iterator[Any]:
    from kafka.admin import KafkaAdminClient  # noqa: PLC0415  # heavy: the relay and `migrate` only

    admin = KafkaAdminClient(**settings.connection(), request_timeout_ms=REQUEST_MS, bootstrap_timeout_ms=REACH_MS)
    try:
        yield admin
    finally:
        admin.close()
