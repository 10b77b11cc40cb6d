"""A simulated bank's payers and statements, through the whole gateway: what a bank does instead of answering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.bank import Bank

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from tests.support.books import Books
    from tests.support.shop import Shop


@pytest.fixture
def bank(stack: Stack, shop: Shop) -> Bank:
    return Bank(stack.sandbox.url, stack.env, shop)


def new(shop: Shop, currency: str = "EUR", **fields: Any) -> dict[str, Any]:
    return shop.created(**{"method": "BANK_TRANSFER", "currency": currency, **fields})


def facts(shop: Shop, payment: dict[str, Any]) -> tuple[str, str, list[str]]:
    seen = shop.status(payment["paymentId"])
    return seen["state"], seen["amountReceived"], seen["exceptions"]


def test_however_payers_write_the_reference(shop: Shop, bank: Bank) -> None:
    ways = ("structured", "text", "lowercase", "spaced", "end_to_end", "glued")
    payments = {way: new(shop) for way in ways}
    for way, payment in payments.items():
        bank.pay(payment, **{"as": way})
    bank.import_statement()
    assert {way: facts(shop, payment) for way, payment in payments.items()} == {
        way: ("SETTLED", "100.00", []) for way in ways
    }


def test_yuan_by_a_memo_code_in_a_csv_file(shop: Shop, bank: Bank) -> None:
    payments = {way: new(shop, "CNY") for way in ("text", "lowercase", "glued")}
    for way, payment in payments.items():
        bank.pay(payment, **{"as": way})
    bank.import_statement("csv")
    assert [facts(shop, payment) for payment in payments.values()] == [("SETTLED", "100.00", [])] * 3


@pytest.mark.parametrize("version", ["2", "8"])
def test_the_notification_and_the_days_statement_tell_the_same_money(shop: Shop, bank: Bank, version: str) -> None:
    payment = new(shop)
    bank.pay(payment, amount="60.00")
    entry = str(bank.entry_of(payment))
    assert bank.import_statement("camt054", version=version, entry=entry)["matched"] == 1
    assert facts(shop, payment) == ("CONFIRMING", "60.00", [])
    bank.import_statement("camt053", version=version)
    assert facts(shop, payment) == ("CONFIRMING", "60.00", [])
    bank.pay(payment, amount="40.00")
    bank.import_statement("camt053", version=version)
    assert facts(shop, payment) == ("SETTLED", "100.00", [])


def test_a_batch_pays_each_of_its_payments(shop: Shop, bank: Bank) -> None:
    payments = [new(shop) for _ in range(3)]
    parts = [{"amount": "100.00", "reference": p["action"]["reference"]} for p in payments]
    bank.do("book", currency="EUR", transactions=parts)
    bank.import_statement()
    assert [facts(shop, payment) for payment in payments] == [("SETTLED", "100.00", [])] * 3


def test_money_that_is_pending_at_the_bank_is_none_until_it_is_booked(shop: Shop, bank: Bank) -> None:
    payment = new(shop)
    bank.pay(payment, status="PDNG")
    bank.import_statement("camt054")
    assert facts(shop, payment) == ("PENDING", "0.00", [])
    bank.do("clear", id=bank.entry_of(payment))
    bank.import_statement()
    assert facts(shop, payment) == ("SETTLED", "100.00", [])


def test_the_same_transfer_twice_is_twice_the_money(shop: Shop, bank: Bank) -> None:
    payment = new(shop)
    bank.pay(payment)
    bank.do("duplicate", id=bank.entry_of(payment))
    bank.import_statement()
    assert facts(shop, payment) == ("SETTLED", "200.00", ["OVERPAID"])


def test_a_transfer_that_is_sent_back_is_withdrawn(shop: Shop, bank: Bank, books: Books) -> None:
    payment = new(shop)
    bank.pay(payment)
    bank.import_statement()
    bank.do("return", id=bank.entry_of(payment))
    bank.import_statement()
    seen = shop.status(payment["paymentId"])
    assert (seen["state"], seen["amountWithdrawn"]) == ("REVERSED", "100.00")
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.reversed"]


@pytest.mark.parametrize(("currency", "message"), [("EUR", "camt053"), ("CNY", "csv")])
def test_a_refund_is_done_when_the_statement_shows_the_payout(
    shop: Shop, bank: Bank, books: Books, currency: str, message: str
) -> None:
    payment = new(shop, currency)
    bank.pay(payment)
    bank.import_statement(message)
    refund = shop.refund(payment["paymentId"], amount="30.00").json()
    assert refund["state"] == "PENDING"
    [[reference]] = books.run(
        "SELECT detail->>'railId' FROM operator_cases WHERE detail->>'refundId' = :id", id=refund["refundId"]
    )
    bank.do("payout", reference=reference, amount="30.00", currency=currency)
    bank.import_statement(message)
    seen = shop.status(payment["paymentId"])
    assert (seen["state"], seen["amountRefunded"]) == ("PARTIALLY_REFUNDED", "30.00")
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.refunded"]


def test_a_transfer_without_a_reference_waits_for_an_operator(shop: Shop, bank: Bank) -> None:
    payment = new(shop)
    bank.pay(payment, reference="")
    statement = bank.import_statement()
    page = shop.call("GET", "/transfers", params={"matched": "false", "limit": "100"}).json()
    [transfer] = [t for t in page["transfers"] if t["statementId"] == statement["statementId"]]
    path = f"/transfers/{transfer['transferId']}/assign"
    assert shop.call("POST", path, json={"paymentId": payment["paymentId"]}).status_code == 200
    assert facts(shop, payment) == ("SETTLED", "100.00", [])


def test_euros_never_pay_for_yuan(shop: Shop, bank: Bank) -> None:
    payment = new(shop, "CNY")
    bank.do("book", currency="EUR", amount="100.00", text=payment["action"]["reference"])
    bank.import_statement()
    assert facts(shop, payment) == ("PENDING", "0.00", [])
