"""The payer's page of the card sandbox, and the door through which any payment can be paid."""

import pytest
import requests

from tests.contract.card_merchant import CardMerchant, Json
from tests.contract.sandbox_client import Sandbox


@pytest.fixture(scope="session")
def merchant(sandbox: Sandbox) -> CardMerchant:
    return CardMerchant(sandbox)


def pay(merchant: CardMerchant, intent: Json, decision: str = "pay", **more: str) -> requests.Response:
    action = {
        "type": "CLIENT_SECRET",
        "clientSecret": intent["client_secret"],
        "publishableKey": merchant.publishable_key,
    }
    asked = {"action": action, "decision": decision, **more}
    return requests.post(f"{merchant.url}/_sandbox/card/pay", json=asked, timeout=10)


@pytest.mark.parametrize(
    ("decision", "card", "status"),
    [
        ("pay", None, "succeeded"),
        ("decline", None, "requires_payment_method"),
        ("pay", "pm_card_threeDSecure2Required", "succeeded"),
        ("decline", "pm_card_threeDSecure2Required", "requires_payment_method"),
        ("pay", "pm_sandbox_processing", "processing"),
    ],
)
def test_the_door(merchant: CardMerchant, number: str, decision: str, card: str | None, status: str) -> None:
    intent = merchant.create(number)
    more = {"payment_method": card} if card else {}
    answer = pay(merchant, intent, decision, **more)
    assert (answer.status_code, answer.json()["status"]) == (200, status)
    assert merchant.intent(intent["id"])["status"] == status


def test_the_door_wants_the_merchants_key_and_a_secret_it_knows(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    assert pay(merchant, {"client_secret": intent["client_secret"] + "x"}).status_code == 404
    asked = {"action": {"clientSecret": intent["client_secret"], "publishableKey": "pk_test_other"}}
    assert requests.post(f"{merchant.url}/_sandbox/card/pay", json=asked, timeout=10).status_code == 409
    assert pay(merchant, intent, "perhaps").status_code == 409
    assert merchant.intent(intent["id"])["status"] == "requires_payment_method"


def test_paying_twice(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    assert [pay(merchant, intent).status_code for _ in range(2)] == [200, 409]
    assert merchant.order(number)["paid"] == 1000


def test_a_person_pays(merchant: CardMerchant, number: str) -> None:
    merchant.create(number, description="Tea <b>& more</b>", currency="usd", amount="1234")
    url = merchant.order(number)["cashier_url"]
    page = requests.get(url, timeout=10).text
    assert "12.34 USD" in page
    assert "Tea &lt;b&gt;&amp; more" in page
    declined = requests.post(url, data={"payment_method": "pm_card_visa_chargeDeclined"}, timeout=10)
    assert "Your card was declined." in declined.text
    challenge = requests.post(url, data={"payment_method": "pm_card_threeDSecure2Required"}, timeout=10)
    assert "is it you" in challenge.text
    assert "Paid" in requests.post(challenge.url, data={"step": "pass"}, timeout=10).text
    assert merchant.order(number)["paid"] == 1234
    assert requests.post(url, data={"payment_method": "pm_card_visa"}, timeout=10).status_code == 400


def test_a_person_goes_back_to_the_shop(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    url, back = merchant.order(number)["cashier_url"], "https://shop.example/back"
    answer = requests.post(url, params={"return_url": back}, timeout=10, allow_redirects=False)
    named = f"payment_intent={intent['id']}&payment_intent_client_secret={intent['client_secret']}"
    assert answer.headers["Location"] == f"{back}?{named}&redirect_status=succeeded"


def test_the_bank_settles_from_the_page(merchant: CardMerchant, number: str) -> None:
    merchant.paid(number, "pm_sandbox_processing")
    url = merchant.order(number)["cashier_url"]
    assert "The bank is working on it" in requests.get(url, timeout=10).text
    assert "Paid" in requests.post(url, data={"step": "settle"}, timeout=10).text


def test_a_page_of_nothing(merchant: CardMerchant) -> None:
    answer = requests.get(f"{merchant.url}/card/cashier/pi_x_secret_y", timeout=10)
    assert (answer.status_code, "No such payment_intent" in answer.text) == (404, True)
