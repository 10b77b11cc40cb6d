"""stripe-python and our adapter take the same events, refuse the same, and see the same payment."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import stripe

from paygate.adapters.rails.card.signature import verify
from paygate.domain.errors import CallbackRefused
from paygate.ports import Order, RefundOrder, RefundStatus
from tests.contract.rails.card_driver import CardDriver, settings
from tests.contract.sandbox_client import Inbox, Sandbox
from tests.unit.card_side import mark

SECRET, OTHER = "whsec_of_the_sdk_and_us", "whsec_of_somebody_else"
BODY = json.dumps({"id": "evt_1", "object": "event", "data": {"object": {}}, "text": "茶 &"}, indent=2).encode()


def headers() -> dict[str, str]:
    """By what is the matter with them."""
    now = int(time.time())
    good, other = mark(BODY, SECRET, now), mark(BODY, OTHER, now)
    return {
        "right": f"t={now},v1={good}",
        "several": f"t={now},v1={other},v1={good},v0={other}",
        "of another": f"t={now},v1={other}",
        "v0 only": f"t={now},v0={good}",
        "cut short": f"t={now},v1={good[:-2]}",
        "of another body": f"t={now},v1={mark(BODY + b' ', SECRET, now)}",
        "of another time": f"t={now - 1},v1={good}",
        "nearly old": f"t={now - 290},v1={mark(BODY, SECRET, now - 290)}",
        "old": f"t={now - 310},v1={mark(BODY, SECRET, now - 310)}",
        "spaced": f"t={now}, v1={good}",
        "no time": f"v1={good}",
        "nothing": "",
    }


def is_taken_by_us(body: bytes, header: str) -> bool:
    try:
        verify(body, header, [SECRET], datetime.now(UTC))
    except CallbackRefused:
        return False
    return True


def is_taken_by_the_sdk(body: bytes, header: str) -> bool:
    try:
        stripe.Webhook.construct_event(body, header, SECRET)
    except stripe.SignatureVerificationError:
        return False
    return True


@pytest.mark.parametrize("name", list(headers()))
def test_the_same_events_are_taken(name: str) -> None:
    header = headers()[name]
    assert is_taken_by_us(BODY, header) == is_taken_by_the_sdk(BODY, header)
    assert is_taken_by_us(BODY, header) == (name in ("right", "several", "nearly old"))


def test_the_sdks_own_signature_is_taken() -> None:
    now = int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{now}.{BODY.decode()}", SECRET)
    assert is_taken_by_us(BODY, f"t={now},v1={signature}")


@pytest.fixture
def driver(sandbox: Sandbox) -> Iterator[CardDriver]:
    made = CardDriver(sandbox)
    yield made
    made.leave()


def test_both_see_the_same_payment(sandbox: Sandbox, shop: Inbox, driver: CardDriver) -> None:
    rail, known = driver.rail(shop.url), settings(sandbox)
    client = stripe.StripeClient(known.secret_key, base_addresses={"api": known.api_url})
    now = datetime.now(UTC)
    order = Order(uuid4().hex[:28], "WEB", driver.amount(10000), "Tea 茶", now, now + timedelta(1), None, "PAY_1")
    action = rail.open(order)
    driver.pay(action)
    refund = RefundOrder(order, uuid4().hex[:26], driver.amount(6000), now, "changed mind")
    assert rail.refund(refund).status is RefundStatus.SUCCEEDED
    theirs = client.v1.payment_intents.retrieve(action.rail_id, {"expand": ["latest_charge"]})
    assert (theirs.status, theirs.amount_received, theirs.metadata["reference"]) == (
        "succeeded",
        10000,
        order.reference,
    )
    assert theirs.latest_charge.amount_refunded == 6000
    assert rail.query(order).refunded == driver.amount(6000)
    [made] = client.v1.refunds.list({"payment_intent": action.rail_id}).data
    assert (made.metadata["refund_reference"], made.status) == (refund.reference, "succeeded")
    body = shop.wait(1)[0]
    stripe.Webhook.construct_event(body, shop.headers[0]["stripe-signature"], known.webhook_secrets[0])
