"""The card processor's sandbox is as strict as the original: keys, versions, parameters, amounts."""

import pytest
import requests

from tests.contract.card_merchant import CardMerchant
from tests.contract.sandbox_client import Sandbox

GOOD = {"amount": "1000", "currency": "eur"}


@pytest.fixture(scope="session")
def merchant(sandbox: Sandbox) -> CardMerchant:
    return CardMerchant(sandbox)


@pytest.mark.parametrize(
    "authorization", [None, "Bearer ", "Bearer sk_test_wrong", "Basic c2tfd3Jvbmc6", "Basic ?"]
)
def test_without_the_key_nothing_is_told(merchant: CardMerchant, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = requests.get(f"{merchant.api_url}/payment_intents", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert merchant.secret_key not in answer.text


def test_the_key_as_a_basic_user(merchant: CardMerchant) -> None:
    answer = requests.get(f"{merchant.api_url}/payment_intents", auth=(merchant.secret_key, ""), timeout=10)
    assert answer.status_code == 200


def test_the_publishable_key_is_for_browsers_only(merchant: CardMerchant, number: str) -> None:
    intent, other = merchant.create(number), merchant.create(number)
    headers = {"Authorization": f"Bearer {merchant.publishable_key}"}
    address = f"{merchant.api_url}/payment_intents"
    refused = requests.post(address, data=GOOD, headers=headers, timeout=10)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "secret_key_required")
    for wrong in ({}, {"client_secret": other["client_secret"]}):
        assert (
            requests.get(f"{address}/{intent['id']}", params=wrong, headers=headers, timeout=10).status_code == 400
        )
    own = {"client_secret": intent["client_secret"]}
    seen = requests.get(f"{address}/{intent['id']}", params=own, headers=headers, timeout=10).json()
    assert (seen["status"], "metadata" in seen) == ("requires_payment_method", False)


def test_the_version_is_echoed(merchant: CardMerchant) -> None:
    def ask(version: str) -> requests.Response:
        headers = {"Stripe-Version": version}
        return merchant.session.get(f"{merchant.api_url}/events", headers=headers, timeout=10)

    assert ask("2025-03-31.basil").headers["Stripe-Version"] == "2025-03-31.basil"
    assert ask("yesterday").status_code == 400
    assert ask("2025-02-24.acacia").status_code == 400


def test_unknown_addresses(merchant: CardMerchant) -> None:
    answer = merchant.get("payment_intent")
    assert answer.status_code == 404
    assert "Unrecognized request URL (GET: /v1/payment_intent)" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"amout": "1"}, "parameter_unknown", "amout"),
        ({"automatic_payment_methods__on": "true"}, "parameter_unknown", "automatic_payment_methods[on]"),
        ({"amount": "10.00"}, "parameter_invalid_integer", "amount"),
        ({"amount": "1e3"}, "parameter_invalid_integer", "amount"),
        ({"amount": "١٠٠٠"}, "parameter_invalid_integer", "amount"),  # noqa: RUF001  digits, though not ours
        ({"amount": ""}, "parameter_invalid_empty", "amount"),
        ({"amount": "49"}, "amount_too_small", "amount"),
        ({"amount": "-1000"}, "amount_too_small", "amount"),
        ({"amount": "100000000"}, "amount_too_large", "amount"),
        ({"currency": "EUR"}, None, "currency"),
        ({"currency": "xxx"}, None, "currency"),
        ({"currency": "kwd", "amount": "1001"}, None, "amount"),
        ({"capture_method": "later"}, None, "capture_method"),
        ({"automatic_payment_methods__enabled": "yes"}, None, "automatic_payment_methods[enabled]"),
        ({"metadata": "text"}, None, "metadata"),
        ({"metadata__" + "a" * 41: "x"}, None, f"metadata[{'a' * 41}]"),
        ({"metadata__a": "x" * 501}, None, "metadata[a]"),
        ({"customer": "cus_1"}, None, "customer"),
        ({"return_url": "https://shop.example"}, None, "return_url"),
        ({"payment_method": "pm_card_unheard"}, "resource_missing", "payment_method"),
        ({"expand[]": "customer.address"}, None, None),
        ({"expand[]": "client_secret"}, None, "expand"),
    ],
)
def test_parameters_are_checked(
    merchant: CardMerchant, number: str, fields: dict[str, str], code: str | None, param: str | None
) -> None:
    answer = merchant.post("payment_intents", **{**GOOD, "metadata__reference": number, **fields})
    if param is None:  # what is always empty can be expanded to nothing
        assert answer.status_code == 200
        return
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error.get("code"), error["param"]) == (code, param)
    assert "resource_missing" in merchant.order(number)["error"]["code"]  # nothing was made


@pytest.mark.parametrize("left_out", ["amount", "currency"])
def test_what_is_required(merchant: CardMerchant, left_out: str) -> None:
    given = {name: value for name, value in GOOD.items() if name != left_out}
    error = merchant.post("payment_intents", **given).json()["error"]
    assert (error["code"], error["param"]) == ("parameter_missing", left_out)


@pytest.mark.parametrize(
    ("currency", "amount", "least"), [("jpy", "50", "49"), ("usd", "50", "49"), ("hkd", "400", "50")]
)
def test_the_least_depends_on_the_currency(merchant: CardMerchant, currency: str, amount: str, least: str) -> None:
    assert merchant.post("payment_intents", currency=currency, amount=amount).json()["amount"] == int(amount)
    refused = merchant.post("payment_intents", currency=currency, amount=least).json()["error"]
    assert refused["code"] == "amount_too_small"


def test_yen_are_shown_without_decimals(merchant: CardMerchant, number: str) -> None:
    merchant.paid(number, currency="jpy", amount="1250")
    page = requests.get(merchant.order(number)["cashier_url"], timeout=10).text
    assert "1250 JPY" in page


@pytest.mark.parametrize("is_browser", [True, False])
def test_card_numbers_are_never_taken(merchant: CardMerchant, number: str, *, is_browser: bool) -> None:
    intent = merchant.create(number)
    digits = "4" + "242" * 5
    card = {"payment_method_data__type": "card", "payment_method_data__card__number": digits}
    path = f"payment_intents/{intent['id']}/confirm"
    answer = merchant.browser(intent, **card) if is_browser else merchant.post(path, "k" + number, **card)
    assert answer.status_code == 402
    assert "generally unsafe" in answer.json()["error"]["message"]
    assert digits not in answer.text
    assert merchant.intent(intent["id"])["status"] == "requires_payment_method"


def test_json_bodies_are_refused(merchant: CardMerchant) -> None:
    answer = merchant.session.post(f"{merchant.api_url}/payment_intents", json=GOOD, timeout=10)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body", [b"amount[=1", b"a[b=1&amount=1", b"amount=%ff", b"amount=1&amount[x]=2", b"%00=1"]
)
def test_broken_bodies_are_refused(merchant: CardMerchant, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = merchant.session.post(f"{merchant.api_url}/payment_intents", data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_bottomless_body_is_refused(merchant: CardMerchant) -> None:
    answer = merchant.session.post(f"{merchant.api_url}/refunds", data={"a" + "[b]" * 2000: "1"}, timeout=10)
    assert (answer.status_code, "nested" in answer.json()["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    "path", ["payment_intents/pi_x", "refunds/re_x", "charges/ch_x", "disputes/du_x", "events/evt_x"]
)
def test_what_is_not_there(merchant: CardMerchant, path: str) -> None:
    answer = merchant.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "resource_missing")


def test_pages_have_limits(merchant: CardMerchant) -> None:
    for limit in ("0", "101", "x"):
        assert merchant.get("events", limit=limit).json()["error"]["code"] == "parameter_invalid_integer"


def test_every_answer_has_a_request_id(merchant: CardMerchant) -> None:
    ids = {merchant.get("events").headers["Request-Id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(request_id.startswith("req_") for request_id in ids)
