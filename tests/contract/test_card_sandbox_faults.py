"""The card sandbox's fault script does what it says, as often as it says, and the books stay right."""

import time
from typing import Any

import pytest
import requests

from tests.contract.card_merchant import CardMerchant, Delivery, mailbox
from tests.contract.sandbox_client import Sandbox

PAID = "payment_intent.succeeded"
CREATE, REFUND = "payment_intents.create", "refunds.create"
Fault = dict[str, Any]


@pytest.fixture(scope="session")
def merchant(sandbox: Sandbox) -> CardMerchant:
    return CardMerchant(sandbox)


def refund(merchant: CardMerchant, intent_id: str, key: str, seconds: float = 1) -> requests.Response:
    form = {"payment_intent": intent_id, "amount": "400"}
    headers = {"Idempotency-Key": key}
    return merchant.session.post(f"{merchant.api_url}/refunds", data=form, headers=headers, timeout=seconds)


# ---------------------------------------------------------------- calls


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [
        ({"kind": "drop"}, False),
        ({"kind": "drop_after"}, True),
        ({"kind": "timeout", "seconds": 1.5}, True),
    ],
)
def test_calls_without_an_answer(merchant: CardMerchant, number: str, fault: Fault, *, is_done: bool) -> None:
    intent = merchant.paid(number)
    merchant.do("faults", reference=number, method=REFUND, **fault)
    with pytest.raises(requests.RequestException):
        refund(merchant, intent["id"], number)
    assert merchant.order(number)["refunded"] == (400 if is_done else 0)
    again = refund(merchant, intent["id"], number, 10)
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (200, is_done)
    assert merchant.order(number)["refunded"] == 400
    assert merchant.see("calls", method=REFUND, reference=number)["count"] == 2


@pytest.mark.parametrize(
    ("fault", "status", "is_done"),
    [
        ({"kind": "api_error"}, 500, False),
        ({"kind": "api_error", "work": True}, 500, True),
        ({"kind": "http_error"}, 502, False),
        ({"kind": "http_error", "status": 503, "work": True}, 503, True),
        ({"kind": "lock_timeout"}, 429, False),
        ({"kind": "rate_limit"}, 429, False),
        ({"kind": "key_in_use"}, 409, False),
        ({"kind": "garbage"}, 200, True),
        ({"kind": "refuse", "status": 400, "code": "balance_insufficient"}, 400, False),
    ],
)
def test_calls_with_another_answer(
    merchant: CardMerchant, number: str, fault: Fault, status: int, *, is_done: bool
) -> None:
    intent = merchant.paid(number)
    merchant.do("faults", reference=number, method=REFUND, **fault)
    assert refund(merchant, intent["id"], number).status_code == status
    assert merchant.order(number)["refunded"] == (400 if is_done else 0)
    assert refund(merchant, intent["id"], number).status_code == 200
    assert merchant.order(number)["refunded"] == 400


def test_an_error_of_ones_choice(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    chosen = {"kind": "refuse", "code": "balance_insufficient", "message": "Not now."}
    merchant.do("faults", reference=number, method=REFUND, **chosen)
    error = refund(merchant, intent["id"], number).json()["error"]
    assert (error["code"], error["message"]) == ("balance_insufficient", "Not now.")


def test_a_fault_hits_any_call_of_the_order_as_often_as_it_counts(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    merchant.do("faults", reference=number, kind="api_error", count=2)
    path = f"payment_intents/{intent['id']}"
    assert (
        merchant.browser(intent, payment_method="pm_card_visa").status_code == 200
    )  # it is not the merchant's call
    assert [merchant.get(path).status_code for _ in range(3)] == [500, 500, 200]


@pytest.mark.parametrize("method", ["payment_intents.search", "refunds.list", "disputes.list", "charges.retrieve"])
def test_calls_are_known_by_their_order(merchant: CardMerchant, number: str, method: str) -> None:
    intent = merchant.intent(merchant.paid(number)["id"])
    query = {
        "payment_intents.search": {"query": f"metadata['reference']:'{number}'"},
        "charges.retrieve": {},
    }.get(method, {"payment_intent": intent["id"]})
    resource, _, verb = method.partition(".")
    path = {"search": "payment_intents/search", "retrieve": f"charges/{intent['latest_charge']}"}.get(
        verb, resource
    )
    merchant.do("faults", reference=number, method=method, kind="rate_limit")
    assert [merchant.get(path, **query).status_code for _ in range(2)] == [429, 200]
    assert merchant.see("calls", method=method, reference=number)["count"] == 2


def test_a_slow_answer(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    merchant.do("faults", reference=number, kind="delay", seconds=0.4)
    started = time.monotonic()
    merchant.intent(intent["id"])
    assert time.monotonic() - started >= 0.4


def test_the_callback_can_overtake_the_answer(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant, enabled_events=["refund.created"]) as box:
        intent = merchant.paid(number)
        merchant.do("faults", reference=number, method=REFUND, kind="callback_first")
        refund(merchant, intent["id"], number, 10)
        assert [delivery.type for delivery in box.deliveries] == ["refund.created"]


def test_unknown_faults_are_refused(merchant: CardMerchant) -> None:
    assert "no such fault" in merchant.do("faults", method=CREATE, kind="withhold")["error"]
    assert "no such fault" in merchant.do("faults", method="callback", kind="drop")["error"]


# ---------------------------------------------------------------- callbacks


def told(merchant: CardMerchant, number: str, **fault: Any) -> Delivery:
    """The one event of a payment, with the fault in it."""
    with mailbox(merchant, enabled_events=[PAID]) as box:
        merchant.do("faults", reference=number, method="callback", **fault)
        merchant.paid(number)
        (delivery,) = box.wait(1)
    return delivery


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("wrong_amount", "amount", 1001),
        ("wrong_amount", "amount_received", 1001),
        ("wrong_currency", "currency", "sek"),
        ("livemode", "livemode", True),
    ],
)
def test_events_that_lie(merchant: CardMerchant, number: str, kind: str, name: str, value: object) -> None:
    delivery = told(merchant, number, kind=kind)
    assert delivery.is_signed_with(merchant.webhook_secret)
    assert delivery.event["data"]["object"][name] == value
    assert merchant.order(number)["payment_intent"][name] != value


def test_an_event_of_another_order(merchant: CardMerchant, number: str) -> None:
    shown = told(merchant, number, kind="other_order").event["data"]["object"]
    assert shown["metadata"]["reference"] == number[::-1]
    assert shown["id"] != merchant.order(number)["id"]


def test_an_event_of_another_account(merchant: CardMerchant, number: str) -> None:
    delivery = told(merchant, number, kind="other_merchant")
    assert delivery.is_signed_with(merchant.webhook_secret)
    assert delivery.event["account"].startswith("acct_")


@pytest.mark.parametrize("kind", ["bad_signature", "wrong_secret"])
def test_signatures_that_do_not_fit(merchant: CardMerchant, number: str, kind: str) -> None:
    delivery = told(merchant, number, kind=kind)
    assert not delivery.is_signed_with(merchant.webhook_secret)
    assert delivery.event["data"]["object"]["metadata"]["reference"] == number


def test_an_event_without_a_signature(merchant: CardMerchant, number: str) -> None:
    assert "Stripe-Signature" not in told(merchant, number, kind="unsigned").headers


def test_a_signature_of_long_ago(merchant: CardMerchant, number: str) -> None:
    delivery = told(merchant, number, kind="stale", seconds=400)
    assert delivery.is_signed_with(merchant.webhook_secret)
    assert 395 < time.time() - delivery.sent_at < 430


def test_many_copies_at_once(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant, enabled_events=[PAID]) as box:
        merchant.do("faults", reference=number, method="callback", kind="duplicate", copies=5)
        merchant.paid(number)
        assert len({delivery.body for delivery in box.wait(5)}) == 1


def test_events_in_the_wrong_order(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant, enabled_events=[PAID, "charge.refunded"]) as box:
        merchant.do("faults", reference=number, method="callback", kind="reorder")
        merchant.paid(number)
        merchant.do("console-refund", reference=number)
        assert [delivery.type for delivery in box.wait(2)] == ["charge.refunded", PAID]


def test_an_event_that_is_withheld_and_then_sent(merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant, enabled_events=[PAID]) as box:
        merchant.do("faults", reference=number, method="callback", kind="withhold")
        merchant.paid(number)
        time.sleep(0.2)
        assert not box.deliveries
        (callback,) = merchant.see("callbacks", reference=number)["callbacks"]
        assert merchant.do(f"callbacks/{callback['id']}/resend")["status"] == 200
        assert [delivery.type for delivery in box.deliveries] == [PAID]


def test_a_delayed_event(merchant: CardMerchant, number: str) -> None:
    started = time.monotonic()
    told(merchant, number, kind="delay", seconds=0.5)
    assert time.monotonic() - started >= 0.5


def test_a_signed_event_out_of_nowhere(merchant: CardMerchant) -> None:
    event = {"id": "evt_1", "object": "event", "type": "customer.created", "data": {"object": {"id": "cus_1"}}}
    with mailbox(merchant) as box:
        answer = merchant.do("callbacks", url=box.url, fields={"event": event})
        assert (answer["status"], box.deliveries[0].event) == (200, event)
        assert box.deliveries[0].is_signed_with(merchant.webhook_secret)
