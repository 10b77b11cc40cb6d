"""Refunds and disputes in the card processor's sandbox."""

import time

import pytest

from tests.contract.card_merchant import CardMerchant, Json
from tests.contract.sandbox_client import Sandbox


@pytest.fixture(scope="session")
def merchant(sandbox: Sandbox) -> CardMerchant:
    return CardMerchant(sandbox)


def refund(merchant: CardMerchant, intent: Json, **form: str) -> Json:
    return merchant.post("refunds", payment_intent=intent["id"], **form).json()


def charge_of(merchant: CardMerchant, intent: Json) -> Json:
    return merchant.intent(intent["id"], **{"expand[]": "latest_charge"})["latest_charge"]


def entries(merchant: CardMerchant, source: str) -> list[tuple[str, int, int]]:
    """Category, amount and net, oldest first."""
    rows = merchant.get("balance_transactions", source=source).json()["data"]
    return [(row["reporting_category"], row["amount"], row["net"]) for row in reversed(rows)]


# ---------------------------------------------------------------- refunds


def test_refunds_in_parts_to_the_end_and_not_beyond(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    first = refund(merchant, intent, amount="300", reason="requested_by_customer", metadata__refund="F1")
    assert (first["amount"], first["status"], first["metadata"]) == (300, "succeeded", {"refund": "F1"})
    too_much = refund(merchant, intent, amount="701")["error"]
    assert (too_much["code"], too_much["param"]) == ("amount_too_large", "amount")
    assert refund(merchant, intent)["amount"] == 700
    charge = charge_of(merchant, intent)
    assert (charge["amount_refunded"], charge["refunded"]) == (1000, True)
    assert refund(merchant, intent, amount="1")["error"]["code"] == "charge_already_refunded"
    listed = merchant.get("refunds", payment_intent=intent["id"]).json()["data"]
    assert [row["amount"] for row in listed] == [700, 300]
    assert merchant.get(f"refunds/{first['id']}").json() == first
    assert merchant.intent(intent["id"])["status"] == "succeeded"


@pytest.mark.parametrize("prepare", ["create", "authorise"])
def test_what_was_not_taken_cannot_be_refunded(merchant: CardMerchant, number: str, prepare: str) -> None:
    intent = merchant.create(number, capture_method="manual")
    if prepare == "authorise":
        merchant.do("confirm", reference=number)
    answer = merchant.post("refunds", payment_intent=intent["id"])
    assert (answer.status_code, "successful charge" in answer.json()["error"]["message"]) == (400, True)


def test_a_refund_of_nothing(merchant: CardMerchant) -> None:
    assert merchant.post("refunds").json()["error"]["code"] == "parameter_missing"
    assert merchant.post("refunds", payment_intent="pi_x").json()["error"]["code"] == "resource_missing"
    assert merchant.post("refunds", charge="ch_x").json()["error"]["code"] == "resource_missing"


@pytest.mark.parametrize("amount", ["0", "-1", "1.5"])
def test_refunds_of_odd_amounts(merchant: CardMerchant, number: str, amount: str) -> None:
    intent = merchant.paid(number)
    assert refund(merchant, intent, amount=amount)["error"]["code"] == "parameter_invalid_integer"


@pytest.mark.parametrize("end", ["succeeded", "failed"])
def test_a_refund_that_is_pending_first(merchant: CardMerchant, number: str, end: str) -> None:
    intent = merchant.paid(number)
    merchant.do("faults", reference=number, method="refunds.create", kind="refund_status", status="pending")
    made = refund(merchant, intent, amount="400")
    assert (made["status"], charge_of(merchant, intent)["amount_refunded"]) == ("pending", 400)
    merchant.do(f"refunds/{made['id']}", status=end)
    assert merchant.get(f"refunds/{made['id']}").json()["status"] == end
    assert charge_of(merchant, intent)["amount_refunded"] == (400 if end == "succeeded" else 0)


def test_a_refund_that_fails_after_success_returns_the_money(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    made = refund(merchant, intent, amount="1000")
    failed = merchant.do(f"refunds/{made['id']}", status="failed", failure_reason="expired_or_canceled_card")
    assert (failed["status"], failed["failure_reason"]) == ("failed", "expired_or_canceled_card")
    assert failed["failure_balance_transaction"]
    charge = charge_of(merchant, intent)
    assert (charge["amount_refunded"], charge["refunded"]) == (0, False)
    moved = entries(merchant, charge["id"])
    assert [row[:2] for row in moved] == [("charge", 1000), ("refund", -1000), ("refund_failure", 1000)]
    assert refund(merchant, intent)["amount"] == 1000


def test_a_refund_that_failed_at_once(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    merchant.do("faults", reference=number, method="refunds.create", kind="refund_status", status="failed")
    assert refund(merchant, intent)["status"] == "failed"
    assert merchant.order(number)["refunded"] == 0


def test_only_what_waits_for_the_customer_can_be_canceled(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    done = refund(merchant, intent, amount="100")
    assert merchant.post(f"refunds/{done['id']}/cancel").status_code == 400
    merchant.do("faults", reference=number, method="refunds.create", kind="refund_status", status="requires_action")
    waiting = refund(merchant, intent, amount="200")
    assert waiting["status"] == "requires_action"
    assert merchant.post(f"refunds/{waiting['id']}/cancel").json()["status"] == "canceled"
    assert merchant.order(number)["refunded"] == 100


@pytest.mark.parametrize(
    ("card", "begins", "ends"),
    [("pm_card_pendingRefund", "pending", "succeeded"), ("pm_card_refundFail", "succeeded", "failed")],
)
def test_cards_whose_refunds_change_by_themselves(
    merchant: CardMerchant, number: str, card: str, begins: str, ends: str
) -> None:
    made = refund(merchant, merchant.paid(number, card))
    assert made["status"] == begins
    deadline = time.monotonic() + 5
    while merchant.get(f"refunds/{made['id']}").json()["status"] == begins and time.monotonic() < deadline:
        time.sleep(0.05)
    assert merchant.get(f"refunds/{made['id']}").json()["status"] == ends


def test_what_was_captured_in_part_is_refunded_whole(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number, capture_method="manual")
    merchant.post(f"payment_intents/{intent['id']}/capture", amount_to_capture="600")
    assert refund(merchant, intent, amount="601")["error"]["code"] == "amount_too_large"
    assert refund(merchant, intent)["amount"] == 600
    charge = charge_of(merchant, intent)
    assert (charge["amount_refunded"], charge["refunded"]) == (600, True)


def test_a_refund_from_the_dashboard(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    assert merchant.do("console-refund", reference=number, amount=250)["refunded"] == 250
    assert [row["amount"] for row in merchant.get("refunds", payment_intent=intent["id"]).json()["data"]] == [250]


# ---------------------------------------------------------------- disputes


def dispute(merchant: CardMerchant, number: str, **options: object) -> Json:
    return merchant.do("disputes", reference=number, **options)["disputes"][-1]


@pytest.mark.parametrize("amount", [1000, 400])
def test_a_dispute_takes_its_amount_and_a_fee(merchant: CardMerchant, number: str, amount: int) -> None:
    intent = merchant.paid(number)
    made = dispute(merchant, number, amount=amount)
    assert (made["status"], made["amount"], made["payment_intent"]) == ("needs_response", amount, intent["id"])
    (moved,) = made["balance_transactions"]
    assert (moved["amount"], moved["net"], moved["type"]) == (-amount, -amount - moved["fee"], "adjustment")
    assert moved["fee"] > 0
    charge = charge_of(merchant, intent)
    assert (charge["disputed"], charge["amount_refunded"]) == (True, 0)
    assert merchant.get("disputes", payment_intent=intent["id"]).json()["data"] == [made]
    assert merchant.get("disputes", charge=charge["id"]).json()["data"] == [made]
    assert merchant.get(f"disputes/{made['id']}").json() == made
    assert merchant.order(number)["withdrawn"] == amount


def test_what_a_dispute_holds_cannot_be_refunded(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    dispute(merchant, number, amount=400)
    assert refund(merchant, intent, amount="601")["error"]["code"] == "amount_too_large"
    assert refund(merchant, intent, amount="600")["status"] == "succeeded"
    assert refund(merchant, intent, amount="1")["error"]["code"] == "charge_disputed"


def test_an_inquiry_moves_nothing(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    made = dispute(merchant, number, kind="inquiry")
    assert (made["status"], made["balance_transactions"]) == ("warning_needs_response", [])
    assert made["is_charge_refundable"]
    assert merchant.order(number)["withdrawn"] == 0
    assert merchant.do(f"disputes/{made['id']}", step="close")["status"] == "warning_closed"
    assert refund(merchant, intent)["amount"] == 1000


def test_an_inquiry_becomes_a_dispute(merchant: CardMerchant, number: str) -> None:
    merchant.paid(number)
    made = dispute(merchant, number, kind="inquiry", amount=700)
    grown = merchant.do(f"disputes/{made['id']}", step="escalate")
    assert (grown["id"], grown["status"]) == (made["id"], "needs_response")
    assert merchant.order(number)["withdrawn"] == 700


def test_a_dispute_that_was_won(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    made = dispute(merchant, number)
    won = merchant.do(f"disputes/{made['id']}", step="win")
    fee = won["balance_transactions"][0]["fee"]
    moved = [("dispute", -1000, -1000 - fee), ("dispute_reversal", 1000, 1000)]
    assert (won["status"], entries(merchant, made["id"])) == ("won", moved)
    assert merchant.order(number)["withdrawn"] == 0
    assert refund(merchant, intent)["amount"] == 1000


def test_a_dispute_that_was_won_in_part(merchant: CardMerchant, number: str) -> None:
    merchant.paid(number)
    made = dispute(merchant, number)
    merchant.do(f"disputes/{made['id']}", step="win", amount=300)
    assert merchant.order(number)["withdrawn"] == 700


def test_a_dispute_that_was_lost(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    made = dispute(merchant, number)
    lost = merchant.do(f"disputes/{made['id']}", step="lose")
    assert (lost["status"], len(lost["balance_transactions"])) == ("lost", 1)
    assert refund(merchant, intent)["error"]["code"] == "charge_disputed"
    assert "error" in merchant.do(f"disputes/{made['id']}", step="win")


@pytest.mark.parametrize(
    ("card", "status"),
    [("pm_card_createDispute", "needs_response"), ("pm_card_createDisputeInquiry", "warning_needs_response")],
)
def test_cards_that_dispute(merchant: CardMerchant, number: str, card: str, status: str) -> None:
    intent = merchant.paid(number, card)
    assert merchant.intent(intent["id"])["status"] == "succeeded"
    assert [row["status"] for row in merchant.order(number)["disputes"]] == [status]


def test_the_books_add_up(merchant: CardMerchant, number: str) -> None:
    intent = merchant.paid(number)
    refund(merchant, intent, amount="100")
    dispute(merchant, number, amount=200)
    books = merchant.see("ledger")
    assert books["orders"][number] | {"id": ""} == {
        "id": "",
        "status": "succeeded",
        "amount": 1000,
        "currency": "eur",
        "paid": 1000,
        "refunded": 100,
        "withdrawn": 200,
    }
    paid = sum(entry["paid"] for entry in books["orders"].values() if entry["currency"] == "eur")
    assert books["sums"]["eur"]["paid"] == paid
