"""stripe-python, unchanged but for its address, is served as by the original."""

import time
from typing import Any
from uuid import uuid4

import pytest
import stripe

from tests.contract.card_merchant import CardMerchant, mailbox
from tests.contract.sandbox_client import Sandbox


@pytest.fixture(scope="session")
def merchant(sandbox: Sandbox) -> CardMerchant:
    return CardMerchant(sandbox)


@pytest.fixture
def sdk(merchant: CardMerchant, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(stripe, "api_base", merchant.api_url.removesuffix("/v1"))
    monkeypatch.setattr(stripe, "api_key", merchant.secret_key)
    monkeypatch.setattr(stripe, "max_network_retries", 2)
    return stripe


@pytest.fixture
def intent(sdk: Any, number: str) -> Any:
    return create(sdk, number)


def create(sdk: Any, number: str, **options: Any) -> Any:
    return sdk.PaymentIntent.create(
        amount=1000,
        currency="eur",
        automatic_payment_methods={"enabled": True},
        metadata={"reference": number, "shop": "茶 & more"},
        **options,
    )


def test_a_life_through_the_sdk(sdk: Any, merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant, enabled_events=["payment_intent.succeeded", "charge.refunded"]) as box:
        intent = create(sdk, number)
        assert intent.metadata["shop"] == "茶 & more"
        merchant.do("confirm", reference=number)
        seen = sdk.PaymentIntent.retrieve(intent.id, expand=["latest_charge"])
        assert (seen.status, seen.latest_charge.amount_captured) == ("succeeded", 1000)
        refund = sdk.Refund.create(payment_intent=intent.id, amount=300, reason="requested_by_customer")
        assert (refund.status, refund.amount) == ("succeeded", 300)
        assert sdk.Refund.retrieve(refund.id).charge == seen.latest_charge.id
        assert [row.id for row in sdk.Refund.list(payment_intent=intent.id)] == [refund.id]
        delivered = box.wait(2)
    events = [
        sdk.Webhook.construct_event(one.body, one.headers["Stripe-Signature"], merchant.webhook_secret)
        for one in delivered
    ]
    assert {event.type for event in events} == {"payment_intent.succeeded", "charge.refunded"}
    assert {event.data.object.object for event in events} == {"payment_intent", "charge"}


def test_canceling_and_capturing(sdk: Any, merchant: CardMerchant, number: str, intent: Any) -> None:
    assert sdk.PaymentIntent.cancel(intent.id, cancellation_reason="abandoned").status == "canceled"
    held = create(sdk, f"{number[:20]}held", capture_method="manual")
    merchant.do("confirm", reference=f"{number[:20]}held")
    done = sdk.PaymentIntent.capture(held.id, amount_to_capture=900)
    assert (done.status, done.amount_received) == ("succeeded", 900)


def test_lists_go_on_by_themselves(sdk: Any, number: str) -> None:
    made = [create(sdk, number).id for _ in range(3)]
    listed = sdk.PaymentIntent.list(limit=1)
    seen = [row.id for row, _ in zip(listed.auto_paging_iter(), range(3), strict=False)]
    assert seen == made[::-1]


def test_a_search(sdk: Any, number: str, intent: Any) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = sdk.PaymentIntent.search(query=f"metadata['reference']:'{number}'")
        if found.data:
            break
    assert [row.id for row in found.data] == [intent.id]


def test_disputes(sdk: Any, merchant: CardMerchant, number: str, intent: Any) -> None:
    merchant.do("confirm", reference=number, payment_method="pm_card_createDispute")
    (dispute,) = sdk.Dispute.list(payment_intent=intent.id).data
    assert (dispute.status, dispute.balance_transactions[0].amount) == ("needs_response", -1000)
    assert sdk.Dispute.retrieve(dispute.id).charge == dispute.charge
    assert sdk.Charge.retrieve(dispute.charge).disputed
    merchant.do(f"disputes/{dispute.id}", step="win")
    assert sdk.BalanceTransaction.list(source=dispute.id).data[0].net == 1000


def test_errors_have_their_classes(sdk: Any, merchant: CardMerchant, number: str, intent: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.PaymentIntent.retrieve("pi_nobody")
    assert (refused.value.code, refused.value.http_status) == ("resource_missing", 404)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.PaymentIntent.create(amount=1000, currency="eur", amout=1)
    assert (refused.value.code, refused.value.param) == ("parameter_unknown", "amout")
    with pytest.raises(stripe.CardError) as declined:
        sdk.PaymentIntent.confirm(
            intent.id, payment_method="pm_card_visa_chargeDeclined", return_url="https://shop.example"
        )
    assert (declined.value.code, declined.value.error.payment_intent.id) == ("card_declined", intent.id)
    with pytest.raises(stripe.AuthenticationError):
        sdk.PaymentIntent.retrieve(intent.id, api_key="sk_test_wrong")
    merchant.do("faults", reference=number, kind="rate_limit")
    with pytest.raises(stripe.RateLimitError):
        sdk.PaymentIntent.retrieve(intent.id)


def test_the_sdk_repeats_with_the_same_key(sdk: Any, merchant: CardMerchant, number: str) -> None:
    merchant.do("faults", reference=number, method="payment_intents.create", kind="drop_after")
    merchant.do("faults", reference=number, method="payment_intents.create", kind="key_in_use")
    created = create(sdk, number)
    assert merchant.order(number)["payment_intents"] == [created.id]
    assert merchant.see("calls", method="payment_intents.create", reference=number)["count"] == 3


def test_one_key_for_two_requests(sdk: Any, number: str) -> None:
    key = str(uuid4())
    create(sdk, number, idempotency_key=key)
    with pytest.raises(stripe.IdempotencyError):
        create(sdk, number, idempotency_key=key, description="another")


@pytest.mark.parametrize("kind", ["bad_signature", "wrong_secret", "stale"])
def test_the_sdk_refuses_what_is_not_signed_well(sdk: Any, merchant: CardMerchant, number: str, kind: str) -> None:
    with mailbox(merchant, enabled_events=["payment_intent.succeeded"]) as box:
        merchant.do("faults", reference=number, method="callback", kind=kind)
        merchant.paid(number)
        (delivery,) = box.wait(1)
    with pytest.raises(stripe.SignatureVerificationError):
        sdk.Webhook.construct_event(delivery.body, delivery.headers["Stripe-Signature"], merchant.webhook_secret)


def test_the_sdk_accepts_either_of_two_secrets(sdk: Any, merchant: CardMerchant, number: str) -> None:
    with mailbox(merchant, secrets=["whsec_new", "whsec_old"]) as box:
        merchant.create(number)
        (delivery,) = box.wait(1)
    for secret in ("whsec_new", "whsec_old"):
        event = sdk.Webhook.construct_event(delivery.body, delivery.headers["Stripe-Signature"], secret)
        assert event.data.object.metadata["reference"] == number
