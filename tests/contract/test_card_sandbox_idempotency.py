"""Idempotency-Key in the card processor's sandbox: docs.stripe.com/api/idempotent_requests."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.contract.card_merchant import CardMerchant
from tests.contract.sandbox_client import Sandbox

CREATE = "payment_intents.create"


@pytest.fixture(scope="session")
def merchant(sandbox: Sandbox) -> CardMerchant:
    return CardMerchant(sandbox)


def form(number: str) -> dict[str, str]:
    return {"amount": "1000", "currency": "eur", "metadata__reference": number}


def test_the_first_answer_is_given_again(merchant: CardMerchant, number: str) -> None:
    first = merchant.post("payment_intents", number, **form(number))
    merchant.do("confirm", reference=number)
    again = merchant.post("payment_intents", number, **form(number))
    assert (again.status_code, again.json()) == (200, first.json())  # as it was, not as it is
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert again.headers["Idempotency-Key"] == number
    assert len(merchant.order(number)["payment_intents"]) == 1


def test_another_request_with_the_key_is_refused(merchant: CardMerchant, number: str) -> None:
    merchant.post("payment_intents", number, **form(number))
    other = [
        merchant.post("payment_intents", number, **form(number) | {"amount": "1001"}),
        merchant.post("refunds", number, payment_intent="pi_x"),
    ]
    assert [answer.status_code for answer in other] == [400, 400]
    assert {answer.json()["error"]["type"] for answer in other} == {"idempotency_error"}
    assert len(merchant.order(number)["payment_intents"]) == 1


def test_a_key_is_for_one_address(merchant: CardMerchant, number: str) -> None:
    one, two = (merchant.create(number)["id"] for _ in range(2))
    assert merchant.post(f"payment_intents/{one}/cancel", number).status_code == 200
    refused = merchant.post(f"payment_intents/{two}/cancel", number)
    assert (refused.status_code, refused.json()["error"]["type"]) == (400, "idempotency_error")
    assert merchant.intent(two)["status"] == "requires_payment_method"


def test_without_a_key_every_request_counts(merchant: CardMerchant, number: str) -> None:
    for _ in range(2):
        merchant.post("payment_intents", **form(number))
    assert len(merchant.order(number)["payment_intents"]) == 2


def test_refused_parameters_leave_the_key_free(merchant: CardMerchant, number: str) -> None:
    assert merchant.post("payment_intents", number, **form(number) | {"amount": "x"}).status_code == 400
    assert merchant.post("payment_intents", number, **form(number)).status_code == 200


def test_a_refusal_of_the_books_is_kept(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    first = merchant.post("refunds", number, payment_intent=intent["id"])
    merchant.do("confirm", reference=number)
    again = merchant.post("refunds", number, payment_intent=intent["id"])
    assert (first.status_code, again.status_code, again.json()) == (400, 400, first.json())
    assert merchant.post("refunds", f"{number}2", payment_intent=intent["id"]).status_code == 200


def test_a_declined_card_is_kept(merchant: CardMerchant, number: str) -> None:
    intent = merchant.create(number)
    path = f"payment_intents/{intent['id']}/confirm"
    asked = {"payment_method": "pm_card_visa_chargeDeclined", "return_url": "https://shop.example"}
    first, again = merchant.post(path, number, **asked), merchant.post(path, number, **asked)
    assert (first.status_code, again.status_code) == (402, 402)
    assert first.json()["error"]["charge"] == again.json()["error"]["charge"]
    assert len(merchant.get("charges", payment_intent=intent["id"]).json()["data"]) == 1


def test_an_error_of_the_server_may_be_kept(merchant: CardMerchant, number: str) -> None:
    merchant.do("faults", reference=number, method=CREATE, kind="api_error", kept=True)
    first = merchant.post("payment_intents", number, **form(number))
    again = merchant.post("payment_intents", number, **form(number))
    assert (first.status_code, again.status_code) == (500, 500)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_an_answer_that_was_lost_is_there_for_the_key(merchant: CardMerchant, number: str) -> None:
    merchant.do("faults", reference=number, method=CREATE, kind="api_error", work=True)
    assert merchant.post("payment_intents", number, **form(number)).status_code == 500
    again = merchant.post("payment_intents", number, **form(number))
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert merchant.order(number)["payment_intents"] == [again.json()["id"]]


def test_two_at_once_are_one(merchant: CardMerchant, number: str) -> None:
    merchant.do("faults", reference=number, method=CREATE, kind="slow_work", seconds=2)

    def create(_: int) -> int:
        return merchant.post("payment_intents", number, **form(number)).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(create, range(4)))
    assert statuses == [200, 409, 409, 409]
    conflict = merchant.post("payment_intents", number, **form(number))
    assert conflict.headers["Idempotent-Replayed"] == "true"
    assert len(merchant.order(number)["payment_intents"]) == 1


def test_the_conflict_says_what_it_is(merchant: CardMerchant, number: str) -> None:
    merchant.do("faults", reference=number, method=CREATE, kind="key_in_use")
    conflict = merchant.post("payment_intents", number, **form(number))
    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    assert merchant.post("payment_intents", number, **form(number)).status_code == 200


def test_keys_are_forgotten(merchant: CardMerchant, number: str) -> None:
    merchant.post("payment_intents", number, **form(number))
    assert merchant.do("forget-idempotency-keys")["forgotten"] >= 1
    assert "Idempotent-Replayed" not in merchant.post("payment_intents", number, **form(number)).headers
    assert len(merchant.order(number)["payment_intents"]) == 2


def test_keys_have_a_length(merchant: CardMerchant, number: str) -> None:
    assert merchant.post("payment_intents", "k" * 256, **form(number)).status_code == 400


def test_an_answer_survives_a_kill(tmp_path: Path, number: str) -> None:
    sandbox = Sandbox(tmp_path)
    try:
        merchant = CardMerchant(sandbox)
        first = merchant.post("payment_intents", number, **form(number)).json()
        sandbox.kill()
        sandbox.start()
        again = CardMerchant(sandbox).post("payment_intents", number, **form(number))
        assert (again.json(), again.headers["Idempotent-Replayed"]) == (first, "true")
    finally:
        sandbox.kill()
