"""The relay while everything is up."""

import json

import pytest

from paygate.adapters.kafka.stream import KafkaStream
from tests.integration.relay.world import World

pytestmark = pytest.mark.xdist_group("relay")


def test_every_topic_of_an_event_gets_its_exact_bytes(world: World, stream: KafkaStream) -> None:
    [payment_id] = world.commit(1)

    report = world.relay(stream)

    assert (report.sent, report.refused, report.unsent) == (1, 0, 0)
    [[payload]] = world.sql("SELECT payload FROM outbox WHERE payment_id = :id", id=payment_id)
    for topic in ("payments.settled", "payments.events"):
        [record] = [record for record in world.records(topic) if record.key == payment_id.encode()]
        assert record.value == payload.encode()
        assert dict(record.headers) == {
            "event-id": f"EVT_{payment_id[4:]}1".encode(),
            "event-type": b"payment.settled",
            "schema-version": b"1",
            "request-id": b"r-1",
        }
    assert world.queued() == 0


def test_several_events_of_a_payment_leave_in_one_run_and_in_order(world: World, stream: KafkaStream) -> None:
    ids = world.commit(40, events=4)

    assert world.relay(stream).sent == 160

    assert world.sequences(ids) == {payment_id: [1, 2, 3, 4] for payment_id in ids}


def test_more_than_a_batch_drains_in_one_run(world: World, stream: KafkaStream) -> None:
    ids = world.commit(1200)

    assert world.relay(stream).sent == 1200

    assert all(sequences == [1] for sequences in world.sequences(ids).values())


def test_a_run_without_time_sends_nothing_and_loses_nothing(world: World, stream: KafkaStream) -> None:
    world.commit(3)

    assert world.relay(stream, seconds=1).sent == 0
    assert world.queued() == 3
    assert world.relay(stream).sent == 3


def test_depth_and_age_are_told(world: World, stream: KafkaStream) -> None:
    world.commit(3)
    world.sql("UPDATE outbox SET created_at = now() - interval '90 s'")

    world.relay(stream, seconds=0)

    assert world.meter.counts == {"OutboxDepth": 3}
    assert 90_000 <= world.meter.measures["OutboxAge"] < 100_000


def test_retention_drops_what_was_sent_and_is_old(world: World, stream: KafkaStream) -> None:
    old, young = world.commit(1, events=2), world.commit(1)
    world.relay(stream)
    world.commit_events(old, 3, 3)
    world.sql("UPDATE outbox SET created_at = now() - interval '31 days' WHERE payment_id = :id", id=old[0])

    world.relay(stream, seconds=0)  # event 3 is old too and still waits

    kept = world.sql("SELECT payment_id, sequence FROM outbox ORDER BY payment_id")
    assert kept == [[old[0], 3], [young[0], 1]]


def test_e5_an_event_with_an_earlier_unsent_one_is_not_leased(world: World) -> None:
    [payment_id] = world.commit(1, events=2)

    first = world.outbox.lease("a", 500, 30)
    nothing = world.outbox.lease("b", 500, 30)
    world.outbox.sent("a", first)
    second = world.outbox.lease("b", 500, 30)

    assert [event.sequence for event in first] == [1]
    assert nothing == []
    assert [(event.payment_id, event.sequence) for event in second] == [(payment_id, 2)]


def test_a_relay_whose_lease_ran_out_cannot_settle_the_event(world: World) -> None:
    world.commit(1)
    lost = world.outbox.lease("a", 500, 0)
    world.outbox.lease("b", 500, 30)

    world.outbox.sent("a", lost)
    world.outbox.release("a", lost, "late")

    assert world.sql("SELECT leased_by, available_at > now() FROM outbox_queue") == [["b", True]]


def test_payload_survives_whatever_text_postgresql_takes(world: World, stream: KafkaStream) -> None:
    [payment_id] = world.commit(1)
    payload = json.dumps({"sequence": 1, "text": '\u2028 "\\" \U0001f600 \x7f 订单'}, ensure_ascii=False)
    world.sql("UPDATE outbox SET payload = :payload", payload=payload)

    world.relay(stream)

    [record] = [record for record in world.records() if record.key == payment_id.encode()]
    assert record.value == payload.encode()
