"""A second opinion: the same steps at our sandbox and at localstripe end in the same words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.contract.card_merchant import CardMerchant, Delivery, Mailbox, mailbox
from tests.contract.localstripe import SECRET_KEY, Localstripe
from tests.contract.sandbox_client import Sandbox

Json = dict[str, Any]
DECLINED_THERE = "pm_card_chargeCustomerFail"  # localstripe charges pm_card_visa_chargeDeclined without a word
ENDPOINT_SECRET = "whsec_of_both"
CREATION = {
    "amount": "1000",
    "currency": "eur",
    "automatic_payment_methods[enabled]": "true",
    "description": "Tea",
}


@pytest.fixture(scope="module")
def merchant(sandbox: Sandbox) -> CardMerchant:
    return CardMerchant(sandbox)


@pytest.fixture(scope="module")
def localstripe() -> Iterator[Localstripe]:
    with Localstripe() as running:
        yield running


@dataclass
class Processor:
    url: str
    key: str
    pay: Callable[[str], object]
    decline: Callable[[str], object]
    challenge: Callable[[str, bool], object]
    tell: Callable[[str, list[str]], object]

    def post(self, path: str, **form: str) -> requests.Response:
        return requests.post(f"{self.url}/v1/{path}", data=form, auth=(self.key, ""), timeout=10)

    def get(self, path: str) -> Json:
        return requests.get(f"{self.url}/v1/{path}", auth=(self.key, ""), timeout=10).json()

    def create(self, **more: str) -> Json:
        return self.post("payment_intents", **CREATION, **more).json()


@pytest.fixture(params=["ours", "localstripe"])
def processor(request: pytest.FixtureRequest) -> Processor:
    if request.param == "localstripe":
        other: Localstripe = request.getfixturevalue("localstripe")
        return Processor(
            other.url,
            SECRET_KEY,
            other.pay,
            lambda secret: other.pay(secret, DECLINED_THERE),
            lambda secret, is_passed: other.challenge(secret, is_passed=is_passed),
            lambda url, kinds: other.register("we_1", url, ENDPOINT_SECRET, kinds),
        )
    merchant: CardMerchant = request.getfixturevalue("merchant")

    def confirm(secret: str, method: str) -> None:
        merchant.do("confirm", reference=secret.partition("_secret")[0], payment_method=method)

    def challenge(secret: str, is_passed: bool) -> None:  # noqa: FBT001
        confirm(secret, "pm_card_threeDSecure2Required")
        merchant.do("authenticate", reference=secret.partition("_secret")[0], passed=is_passed)

    return Processor(
        merchant.api_url.removesuffix("/v1"),
        merchant.secret_key,
        lambda secret: confirm(secret, "pm_card_visa"),
        lambda secret: confirm(secret, "pm_card_visa_chargeDeclined"),
        challenge,
        lambda _url, _kinds: None,  # the mailbox is known to it
    )


def seen(processor: Processor, intent: Json) -> tuple[str, bool]:
    """Its status, and whether money came in."""
    found = processor.get(f"payment_intents/{intent['id']}?expand[]=latest_charge")
    charge = found["latest_charge"] or {}
    return found["status"], bool(charge.get("captured") and charge["status"] == "succeeded")


def test_paid(processor: Processor) -> None:
    intent = processor.create()
    assert seen(processor, intent) == ("requires_payment_method", False)
    processor.pay(intent["client_secret"])
    assert seen(processor, intent) == ("succeeded", True)


def test_declined(processor: Processor) -> None:
    intent = processor.create()
    processor.decline(intent["client_secret"])
    found = processor.get(f"payment_intents/{intent['id']}")
    assert (found["status"], found["last_payment_error"]["code"]) == ("requires_payment_method", "card_declined")


@pytest.mark.parametrize("is_passed", [True, False])
def test_three_d_secure(processor: Processor, *, is_passed: bool) -> None:
    intent = processor.create()
    processor.challenge(intent["client_secret"], is_passed)
    ends = {True: ("succeeded", True), False: ("requires_payment_method", False)}
    assert seen(processor, intent) == ends[is_passed]


def test_canceled(processor: Processor) -> None:
    intent = processor.create()
    gone = processor.post(f"payment_intents/{intent['id']}/cancel", cancellation_reason="abandoned")
    assert gone.json()["status"] == "canceled"
    assert processor.post(f"payment_intents/{intent['id']}/cancel").status_code == 400


def test_captured(processor: Processor) -> None:
    intent = processor.create(capture_method="manual")
    processor.pay(intent["client_secret"])
    assert seen(processor, intent) == ("requires_capture", False)
    assert processor.post(f"payment_intents/{intent['id']}/capture").json()["status"] == "succeeded"
    assert seen(processor, intent) == ("succeeded", True)


def test_refunded(processor: Processor) -> None:
    intent = processor.create()
    processor.pay(intent["client_secret"])
    made = processor.post("refunds", payment_intent=intent["id"], amount="300", reason="duplicate").json()
    shown = processor.get(f"refunds/{made['id']}")
    assert (shown["amount"], shown["currency"], shown["status"]) == (300, "eur", "succeeded")
    listed = processor.get(f"refunds?payment_intent={intent['id']}")["data"]
    assert [row["id"] for row in listed] == [made["id"]]


def test_refused(processor: Processor) -> None:
    assert requests.get(f"{processor.url}/v1/payment_intents", timeout=10).status_code == 401
    missing = requests.get(f"{processor.url}/v1/payment_intents/pi_x", auth=(processor.key, ""), timeout=10)
    assert missing.status_code == 404
    assert processor.post("payment_intents", amount="x", currency="eur").status_code == 400
    assert processor.post("payment_intents", amount="1000", currency="eur", amout="1").status_code == 400


def test_told(processor: Processor, merchant: CardMerchant) -> None:
    kinds = ["payment_intent.succeeded"]
    with mailbox(merchant, secrets=[ENDPOINT_SECRET], enabled_events=kinds) as box:
        processor.tell(box.url, kinds)
        intent = processor.create()
        processor.pay(intent["client_secret"])
        delivery = _about(intent, box)
    assert delivery.is_signed_with(ENDPOINT_SECRET)
    assert (delivery.event["object"], delivery.type) == ("event", kinds[0])


def _about(intent: Json, box: Mailbox) -> Delivery:
    """localstripe tells late, and still of what was paid before it knew the address."""
    for count in range(1, 20):
        delivery = box.wait(count)[-1]
        if delivery.event["data"]["object"]["id"] == intent["id"]:
            return delivery
    raise AssertionError("nothing was told")
