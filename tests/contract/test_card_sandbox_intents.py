"""A PaymentIntent's life in the card processor's sandbox."""

import re
from pathlib import Path

import pytest
import requests

from tests.contract.card_merchant import CardMerchant, Json, mailbox
from tests.contract.sandbox_client import Sandbox


@pytest.fixture(scope="session")
def merchant(sandbox: Sandbox) -> CardMerchant:
    return CardMerchant(sandbox)


def test_a_new_intent_waits_for_a_card(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number, metadata__shop="茶 & more", description="Tea")
    shown = ("object", "status", "amount", "amount_received", "currency", "latest_charge", "livemode")
    assert {name: intent[name] for name in shown} == {
        "object": "payment_intent",
        "status": "requires_payment_method",
        "amount": 1000,
        "amount_received": 0,
        "currency": "eur",
        "latest_charge": None,
        "livemode": False,
    }
    assert re.fullmatch(intent["id"] + r"_secret_\w{25}", intent["client_secret"])
    assert intent["metadata"] == {"reference": number, "shop": "茶 & more"}
    assert intent["automatic_payment_methods"] == {"enabled": True, "allow_redirects": "always"}
    assert merchant.intent(intent["id"]) == intent


def test_the_browser_confirms_and_the_money_is_there(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    answered = merchant.browser(intent, payment_method="pm_card_visa")
    assert (answered.status_code, answered.json()["status"]) == (200, "succeeded")
    assert "metadata" not in answered.json()
    seen = merchant.intent(intent["id"], **{"expand[]": "latest_charge.balance_transaction"})
    charge = seen["latest_charge"]
    assert (seen["amount_received"], charge["amount_captured"], charge["paid"]) == (1000, 1000, True)
    assert charge["payment_method_details"]["card"]["last4"] == "4242"
    entry = charge["balance_transaction"]
    assert (entry["amount"], entry["net"], entry["source"]) == (1000, 1000 - entry["fee"], charge["id"])


def test_a_token_is_a_card_too(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    data = {"payment_method_data__type": "card", "payment_method_data__card__token": "tok_mastercard"}
    assert merchant.browser(intent, **data).json()["status"] == "succeeded"


def test_a_declined_card_leaves_the_intent_payable(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    refused = merchant.browser(intent, payment_method="pm_card_visa_chargeDeclinedInsufficientFunds")
    error = refused.json()["error"]
    assert (refused.status_code, error["type"], error["code"]) == (402, "card_error", "card_declined")
    assert error["decline_code"] == "insufficient_funds"
    seen = merchant.intent(intent["id"], **{"expand[]": "latest_charge"})
    assert (seen["status"], seen["payment_method"]) == ("requires_payment_method", None)
    assert seen["last_payment_error"]["decline_code"] == "insufficient_funds"
    assert (seen["latest_charge"]["status"], seen["latest_charge"]["paid"]) == ("failed", False)
    assert merchant.browser(intent, payment_method="pm_card_visa").json()["status"] == "succeeded"
    seen = merchant.intent(intent["id"])
    assert (seen["amount_received"], seen["last_payment_error"]) == (1000, None)


@pytest.mark.parametrize(("passed", "status"), [(True, "succeeded"), (False, "requires_payment_method")])
def test_three_d_secure(merchant: CardMerchant, number: str, *, passed: bool, status: str) -> None:
    intent = merchant.create(number)
    back = "https://shop.example/back?a=1"
    asked = merchant.browser(intent, payment_method="pm_card_threeDSecure2Required", return_url=back).json()
    assert (asked["status"], asked["next_action"]["type"]) == ("requires_action", "redirect_to_url")
    assert merchant.intent(intent["id"])["amount_received"] == 0
    page = asked["next_action"]["redirect_to_url"]["url"]
    assert "is it you" in requests.get(page, timeout=10).text
    answer = requests.post(page, data={"step": "pass" if passed else "fail"}, timeout=10, allow_redirects=False)
    assert answer.headers["Location"].startswith(f"{back}&payment_intent={intent['id']}")
    seen = merchant.intent(intent["id"])
    assert (seen["status"], seen["next_action"]) == (status, None)
    error = seen["last_payment_error"]
    assert (error and error["code"]) == (None if passed else "payment_intent_authentication_failure")


def test_a_card_declined_after_three_d_secure(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    merchant.browser(intent, payment_method="pm_sandbox_threeDSecureThenDeclined")
    merchant.do("authenticate", reference=number, passed=True)
    seen = merchant.intent(intent["id"])
    assert (seen["status"], seen["last_payment_error"]["code"]) == ("requires_payment_method", "card_declined")


@pytest.mark.parametrize(("paid", "status"), [(True, "succeeded"), (False, "requires_payment_method")])
def test_a_payment_that_takes_its_time(merchant: CardMerchant, number: str, *, paid: bool, status: str) -> None:
    intent = merchant.paid(number, "pm_sandbox_processing")
    seen = merchant.intent(intent["id"], **{"expand[]": "latest_charge"})
    assert (seen["status"], seen["amount_received"]) == ("processing", 0)
    assert seen["latest_charge"]["status"] == "pending"
    refused = merchant.post(f"payment_intents/{intent['id']}/cancel")
    assert refused.json()["error"]["code"] == "payment_intent_unexpected_state"
    merchant.do("settle", reference=number, paid=paid)
    assert merchant.intent(intent["id"])["status"] == status


def test_an_authorisation_is_captured_in_part(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number, capture_method="manual")
    held = merchant.intent(intent["id"])
    assert (held["status"], held["amount_capturable"]) == ("requires_capture", 1000)
    path = f"payment_intents/{intent['id']}/capture"
    assert merchant.post(path, amount_to_capture="1001").json()["error"]["code"] == "amount_too_large"
    done = merchant.post(path, amount_to_capture="600", **{"expand[]": "latest_charge"}).json()
    assert (done["status"], done["amount_received"], done["amount_capturable"]) == ("succeeded", 600, 0)
    assert (done["latest_charge"]["amount_captured"], done["latest_charge"]["amount_refunded"]) == (600, 0)
    assert not merchant.get("refunds", payment_intent=intent["id"]).json()["data"]
    assert merchant.post(path).json()["error"]["code"] == "payment_intent_unexpected_state"


def test_an_authorisation_is_released(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number, capture_method="manual")
    gone = merchant.post(f"payment_intents/{intent['id']}/cancel", **{"expand[]": "latest_charge"}).json()
    assert (gone["status"], gone["amount_received"], gone["amount_capturable"]) == ("canceled", 0, 0)
    assert (gone["latest_charge"]["captured"], gone["latest_charge"]["refunded"]) == (False, False)


def test_an_authorisation_expires(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number, capture_method="manual")
    assert merchant.do("expire", reference=number)["status"] == "canceled"
    gone = merchant.intent(intent["id"], **{"expand[]": "latest_charge"})
    assert (gone["cancellation_reason"], gone["latest_charge"]["captured"]) == ("expired", False)
    assert "error" in merchant.do("expire", reference=number)


def test_an_authorisation_expires_by_itself(tmp_path: Path, number: str) -> None:
    sandbox = Sandbox(tmp_path, time_scale=0.000002)
    try:
        merchant = CardMerchant(sandbox)
        with mailbox(merchant, enabled_events=["charge.expired", "payment_intent.canceled"]) as box:
            merchant.paid(number, capture_method="manual")
            told = {delivery.type for delivery in box.wait(2)}
    finally:
        sandbox.kill()
    assert told == {"charge.expired", "payment_intent.canceled"}


def test_canceling(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    path = f"payment_intents/{intent['id']}/cancel"
    gone = merchant.post(path, cancellation_reason="abandoned").json()
    assert (gone["status"], gone["cancellation_reason"]) == ("canceled", "abandoned")
    assert gone["canceled_at"]
    for refused in (merchant.post(path), merchant.browser(intent, payment_method="pm_card_visa")):
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (400, "payment_intent_unexpected_state")
        assert error["payment_intent"]["status"] == "canceled"


def test_what_is_paid_cannot_be_canceled_or_paid_again(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    for refused in (
        merchant.post(f"payment_intents/{intent['id']}/cancel"),
        merchant.browser(intent, payment_method="pm_card_visa"),
    ):
        assert refused.json()["error"]["payment_intent"]["status"] == "succeeded"
    assert merchant.order(number)["paid"] == 1000


def test_all_at_once_on_the_server(merchant: CardMerchant, number: str) -> None:
    once = {"confirm": "true", "return_url": "https://shop.example", "payment_method": "pm_card_visa"}
    assert merchant.create(number, **once)["status"] == "succeeded"
    waiting = merchant.create(number, payment_method="pm_card_visa")
    assert waiting["status"] == "requires_confirmation"
    path = f"payment_intents/{waiting['id']}/confirm"
    assert "return_url" in merchant.post(path).json()["error"]["message"]
    assert merchant.post(path, return_url="https://shop.example").json()["status"] == "succeeded"


def test_a_refused_confirmation_leaves_nothing_behind(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    refused = merchant.post(f"payment_intents/{intent['id']}/confirm", payment_method="pm_card_visa")
    assert "return_url" in refused.json()["error"]["message"]
    assert merchant.intent(intent["id"]) == intent


def test_changing_what_is_not_paid(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number, metadata__kept="1", metadata__gone="2")
    path = f"payment_intents/{intent['id']}"
    changed = merchant.post(path, amount="2000", metadata__gone="", metadata__new="3").json()
    assert (changed["amount"], changed["metadata"]) == (2000, {"reference": number, "kept": "1", "new": "3"})
    merchant.browser(intent, payment_method="pm_card_visa")
    assert merchant.post(path, amount="1000").json()["error"]["code"] == "payment_intent_unexpected_state"


def test_search_and_lists(merchant: CardMerchant, number: str) -> None:
    made = [merchant.create(number) for _ in range(3)]
    ids = [intent["id"] for intent in reversed(made)]
    first = merchant.get("payment_intents", limit="2").json()
    assert ([row["id"] for row in first["data"]], first["has_more"]) == (ids[:2], True)
    rest = merchant.get("payment_intents", limit="1", starting_after=ids[1]).json()["data"]
    back = merchant.get("payment_intents", limit="1", ending_before=ids[1]).json()["data"]
    assert ([row["id"] for row in rest], [row["id"] for row in back]) == ([ids[2]], [ids[0]])
    found = _search(merchant, number)
    assert (found["object"], [row["id"] for row in found["data"]]) == ("search_result", ids)


def test_the_search_does_not_know_what_is_new(tmp_path: Path, number: str) -> None:
    sandbox = Sandbox(tmp_path, time_scale=1)
    try:
        merchant = CardMerchant(sandbox)
        merchant.create(number)
        found = merchant.get("payment_intents/search", query=f"metadata['reference']:'{number}'").json()
    finally:
        sandbox.kill()
    assert (found["object"], found["data"]) == ("search_result", [])


def _search(merchant: CardMerchant, number: str) -> Json:
    """Again until the index has it, as it must be done with the original."""
    for _ in range(100):
        found: Json = merchant.get("payment_intents/search", query=f"metadata['reference']:'{number}'").json()
        if len(found["data"]) == 3:
            break
    return found
