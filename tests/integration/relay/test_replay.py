"""Events that were sent are sent again when somebody asks."""

from datetime import UTC, datetime, timedelta

import pytest

from paygate.adapters.kafka.stream import KafkaStream
from paygate.services.replay_outbox import ReplayOutbox
from tests.integration.relay.world import World

pytestmark = pytest.mark.xdist_group("relay")


class CountingNudge:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def nudge() -> CountingNudge:
    return CountingNudge()


@pytest.fixture
def replay(world: World, nudge: CountingNudge) -> ReplayOutbox:
    return ReplayOutbox(world.outbox, nudge)


def test_a_payments_events_are_sent_again_in_order(
    world: World, stream: KafkaStream, replay: ReplayOutbox, nudge: CountingNudge
) -> None:
    [payment_id, other] = world.commit(2, events=3)
    world.relay(stream)

    assert replay.payment(payment_id) == 3
    assert nudge.count == 1
    world.relay(stream)

    assert world.sequences([payment_id, other]) == {payment_id: [1, 2, 3, 1, 2, 3], other: [1, 2, 3]}


def test_what_still_waits_is_not_queued_twice(
    world: World, stream: KafkaStream, replay: ReplayOutbox, nudge: CountingNudge
) -> None:
    [payment_id] = world.commit(1, events=2)

    assert replay.payment(payment_id) == 0
    assert replay.payment("PAY_unknown") == 0
    assert nudge.count == 0
    assert world.relay(stream).sent == 2


def test_a_range_takes_its_start_and_leaves_its_end(
    world: World, stream: KafkaStream, replay: ReplayOutbox
) -> None:
    ids = world.commit(3)
    start = datetime.now(UTC).replace(microsecond=678_901) - timedelta(days=1)
    hour = timedelta(hours=1)
    for number, payment_id in enumerate(ids):
        world.sql(
            "UPDATE outbox SET created_at = :at WHERE payment_id = :id", at=start + number * hour, id=payment_id
        )
    world.relay(stream)

    assert replay.range(start, start + 2 * hour) == 2

    queued = world.sql("SELECT payment_id FROM outbox_queue")
    assert {payment_id for [payment_id] in queued} == set(ids[:2])


def test_a_long_range_goes_page_by_page(world: World, replay: ReplayOutbox) -> None:
    world.commit(4100, events=3)  # three pages, all of one instant
    world.sql("DELETE FROM outbox_queue")

    assert replay.range(datetime.now(UTC) - timedelta(minutes=5), datetime.now(UTC) + timedelta(minutes=5)) == 12300

    assert world.queued() == 12300
