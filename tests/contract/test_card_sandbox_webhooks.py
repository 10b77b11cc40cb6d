"""What the card processor's sandbox tells, how it signs, and how often it tries."""

import itertools
import time
from pathlib import Path
from typing import Any

import pytest

from tests.contract.card_merchant import CardMerchant, Mailbox, mailbox
from tests.contract.sandbox_client import Sandbox

PAID = "payment_intent.succeeded"


@pytest.fixture(scope="session")
def merchant(sandbox: Sandbox) -> CardMerchant:
    return CardMerchant(sandbox)


def types(box: Mailbox, count: int) -> set[str]:
    return {delivery.type for delivery in box.wait(count)}


def test_an_event_is_signed_and_carries_the_object(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant, enabled_events=[PAID]) as box:
        intent = merchant.paid(number)
        (delivery,) = box.wait(1)
    event = delivery.event
    assert delivery.is_signed_with(merchant.webhook_secret)
    assert abs(delivery.sent_at - time.time()) < 5
    assert delivery.headers["Content-Type"] == "application/json; charset=utf-8"
    shown = {name: event[name] for name in ("object", "type", "livemode", "api_version", "pending_webhooks")}
    assert shown == {
        "object": "event",
        "type": PAID,
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "pending_webhooks": 1,
    }
    assert event["data"]["object"] == merchant.intent(intent["id"])
    assert merchant.get(f"events/{event['id']}").json() == event


def test_an_event_names_the_request_that_made_it(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant) as box:
        form = {"amount": "1000", "currency": "eur", "metadata__reference": number}
        made = merchant.post("payment_intents", number, **form)
        (delivery,) = box.wait(1)
    assert delivery.event["request"] == {"id": made.headers["Request-Id"], "idempotency_key": number}


@pytest.mark.parametrize(
    ("card", "after", "told"),
    [
        ("pm_card_visa", {}, {"charge.succeeded", PAID}),
        ("pm_card_visa_chargeDeclined", {}, {"charge.failed", "payment_intent.payment_failed"}),
        ("pm_card_threeDSecure2Required", {}, {"payment_intent.requires_action"}),
        (
            "pm_card_threeDSecure2Required",
            {"authenticate": {"passed": False}},
            {"payment_intent.requires_action", "payment_intent.payment_failed"},
        ),
        ("pm_sandbox_processing", {}, {"charge.pending", "payment_intent.processing"}),
        (
            "pm_sandbox_processing",
            {"settle": {"paid": True}},
            {"charge.pending", "payment_intent.processing", "charge.succeeded", PAID},
        ),
        ("pm_card_visa", {"console-refund": {}}, {"charge.succeeded", PAID, "charge.refunded", "refund.created"}),
        (
            "pm_card_createDispute",
            {},
            {"charge.succeeded", PAID, "charge.dispute.created", "charge.dispute.funds_withdrawn"},
        ),
        ("pm_card_createDisputeInquiry", {}, {"charge.succeeded", PAID, "charge.dispute.created"}),
    ],
)
def test_what_is_told(
    merchant: CardMerchant, number: str, card: str, after: dict[str, dict[str, Any]], told: set[str]
) -> None:
    with mailbox(merchant) as box:
        merchant.paid(number, card)
        for step, options in after.items():
            merchant.do(step, reference=number, **options)
        assert types(box, len(told) + 1) == told | {"payment_intent.created"}
    events = merchant.get("events", limit="100").json()["data"]
    ours = {event["type"] for event in events if merchant.order(number)["id"] in str(event["data"])}
    assert ours == told | {"payment_intent.created"}


def test_what_is_told_of_an_authorisation(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant) as box:
        intent = merchant.paid(number, capture_method="manual")
        told = {"payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated"}
        assert types(box, 3) == told
        merchant.post(f"payment_intents/{intent['id']}/capture")
        assert types(box, 5) == told | {"charge.captured", PAID}


def test_what_is_told_of_a_cancellation(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant) as box:
        intent = merchant.create(number)
        merchant.post(f"payment_intents/{intent['id']}/cancel")
        assert types(box, 2) == {"payment_intent.created", "payment_intent.canceled"}


def test_what_is_told_of_a_refund_that_fails(merchant: CardMerchant, number: str) -> None:
    merchant.paid(number)
    with mailbox(merchant) as box:
        made = merchant.do("console-refund", reference=number)["refunds"][0]
        merchant.do(f"refunds/{made['id']}", status="failed")
        told = {"refund.created", "charge.refunded", "refund.failed", "refund.updated", "charge.refund.updated"}
        assert types(box, 5) == told
        (failed,) = box.wait(1, "refund.failed")
    assert failed.event["data"]["object"]["status"] == "failed"
    assert failed.event["data"]["previous_attributes"] == {"status": "succeeded"}


@pytest.mark.parametrize(
    ("step", "told"),
    [("win", {"charge.dispute.funds_reinstated", "charge.dispute.closed"}), ("lose", {"charge.dispute.closed"})],
)
def test_what_is_told_of_a_disputes_end(merchant: CardMerchant, number: str, step: str, told: set[str]) -> None:
    merchant.paid(number)
    made = merchant.do("disputes", reference=number)["disputes"][0]
    with mailbox(merchant) as box:
        merchant.do(f"disputes/{made['id']}", step=step)
        assert types(box, len(told)) == told
        (closed,) = box.wait(1, "charge.dispute.closed")
    assert closed.event["data"]["object"]["status"] == {"win": "won", "lose": "lost"}[step]


def test_while_two_secrets_live_there_are_two_signatures(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant, secrets=["whsec_new", "whsec_old"]) as box:
        merchant.create(number)
        (delivery,) = box.wait(1)
    assert delivery.headers["Stripe-Signature"].count("v1=") == 2
    assert delivery.is_signed_with("whsec_new")
    assert delivery.is_signed_with("whsec_old")
    assert not delivery.is_signed_with(merchant.webhook_secret)


def test_every_endpoint_hears_what_it_asked_for(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant, enabled_events=["charge.*"]) as one, mailbox(merchant, id="we_two") as two:
        assert two.endpoint_id == "we_two"
        merchant.paid(number)
        assert types(two, 3) == {"payment_intent.created", "charge.succeeded", PAID}
        assert types(one, 1) == {"charge.succeeded"}
        shown = {row["id"] for row in merchant.see("webhook_endpoint")["webhook_endpoints"]}
        assert {one.endpoint_id, "we_two"} <= shown
    assert len(one.deliveries) == 1


def test_an_endpoint_that_moved_is_not_sent_what_was_owed(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant, id="we_moving", enabled_events=[PAID]) as old:
        old.statuses = [500]
        merchant.paid(number)
        old.wait(1)
        merchant.do("webhook_endpoint", id="we_moving", url="http://127.0.0.1:9/gone")
        deadline = time.monotonic() + 5
        while (state := state_of_callback(merchant, number)) != "given_up" and time.monotonic() < deadline:
            time.sleep(0.05)
    assert state == "given_up"


def state_of_callback(merchant: CardMerchant, number: str) -> str:
    (callback,) = merchant.see("callbacks", reference=number)["callbacks"]
    return callback["state"]


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_acknowledges(merchant: CardMerchant, number: str, status: int) -> None:
    with mailbox(merchant) as box:
        box.statuses = [status]
        merchant.create(number)
        box.wait(1)
        time.sleep(0.3)
    assert len(box.deliveries) == 1


@pytest.mark.parametrize("status", [300, 302, 400, 404, 500])
def test_anything_else_is_tried_again(merchant: CardMerchant, number: str, status: int) -> None:
    with mailbox(merchant) as box:
        box.statuses = [status, 200]
        merchant.create(number)
        first, again = box.wait(2)
    assert first.event == again.event
    assert again.is_signed_with(merchant.webhook_secret)


def test_what_was_not_delivered_is_listed(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant, enabled_events=[PAID]) as box:
        box.statuses = [500]
        merchant.paid(number)
        event_id = box.wait(1)[0].event["id"]
        owed = merchant.get("events", delivery_success="false", limit="100").json()["data"]
        assert event_id in {event["id"] for event in owed}
        box.statuses = [200]
        merchant.do(f"callbacks/{merchant.see('callbacks', reference=number)['callbacks'][0]['id']}/resend")
        box.wait(3)
        time.sleep(0.1)
        owed = merchant.get("events", delivery_success="false", limit="100").json()["data"]
        assert event_id not in {event["id"] for event in owed}


def test_it_tries_for_three_days(tmp_path: Path, number: str) -> None:
    sandbox = Sandbox(tmp_path, time_scale=0.000003)
    try:
        merchant = CardMerchant(sandbox)
        with mailbox(merchant, enabled_events=["payment_intent.created"]) as box:
            box.statuses = [500]
            merchant.create(number)
            box.wait(10)
            time.sleep(0.3)
            (callback,) = merchant.see("callbacks", reference=number)["callbacks"]
    finally:
        sandbox.kill()
    times = [send["sent_at"] for send in callback["sends"]]
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert (len(box.deliveries), len(times), callback["state"]) == (10, 10, "given_up")
    assert pauses[-1] > 0.12  # 12 hours
    assert times[-1] - times[0] > 0.7  # most of three days
    assert sum(pauses[:3]) < sum(pauses[-3:])
