"""What becomes of a payment when transfers come in, go away, or are paid out: whoever told of them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from paygate.adapters.system.clock import SystemIds
from paygate.ports import Observation, TradeStatus
from tests.support.at_once import at_once
from tests.support.shop import new_order

if TYPE_CHECKING:
    from paygate.bootstrap import App
    from tests.support.books import Books
    from tests.support.passing import Passing
    from tests.support.shop import Shop


class Bank:
    """Transfers as an import leaves them: stored and queued."""

    def __init__(self, books: Books, app: App) -> None:
        self._books = books
        self._app = app
        self._ids = iter(range(1_000_000))

    def tells(self, payment: dict[str, Any], units: int, role: str = "PAYMENT", **more: Any) -> str:
        transfer_id = SystemIds(self._app.clock).new("TRF")
        fields = {"id": transfer_id, "units": units, "role": role, "payment_id": payment["paymentId"],
                  "dedupe": transfer_id, "status": "FINAL", "refund_id": None, **more}  # fmt: skip
        self._books.run(
            "INSERT INTO transfers (id, rail, dedupe, role, status, units, asset, decimals, payment_id, refund_id,"
            " origin, happened_at) VALUES (:id, 'bank_transfer', :dedupe, :role, :status, :units, 'EUR', 2,"
            " :payment_id, :refund_id, :origin, now())",
            origin=json.dumps({"statementId": "BST_1", "importedBy": "pk_1"}),
            **fields,
        )
        self._books.run("INSERT INTO transfer_queue (transfer_id) VALUES (:id)", id=transfer_id)
        return transfer_id

    def pays(self, payment: dict[str, Any], *units: int) -> None:
        for each in units:
            self.tells(payment, each)
        self._app.resolve(10)

    def takes_back(self, payment: dict[str, Any], units: int) -> None:
        self.tells(payment, units, "RETURN")
        self._app.resolve(10)


@pytest.fixture
def bank(books: Books, app: App) -> Bank:
    return Bank(books, app)


def new(shop: Shop, **fields: Any) -> dict[str, Any]:
    return shop.created(**{"method": "BANK_TRANSFER", "currency": "EUR", **fields})


def facts(payment: dict[str, Any]) -> tuple[str, str, list[str]]:
    return payment["state"], payment["amountReceived"], payment["exceptions"]


def test_create_tells_where_to_pay_and_what_to_write(shop: Shop, books: Books) -> None:
    payment = new(shop)
    action = payment["action"]
    assert action["type"] == "BANK_TRANSFER"
    assert action["reference"].startswith("RF")
    assert action["epcQr"].splitlines()[6:10] == [action["iban"], "EUR100", "", action["reference"]]
    [[reference, queried]] = books.run(
        "SELECT reference, next_query_at FROM attempts WHERE payment_id = :id", id=payment["paymentId"]
    )
    assert (reference, queried) == (action["reference"], None), "nobody can be asked"
    yuan = new(shop, currency="CNY")["action"]
    assert (yuan["reference"][:2], "epcQr" in yuan) == ("PG", False)


def test_payers_have_a_week_unless_told_otherwise(shop: Shop) -> None:
    def days(payment: dict[str, Any]) -> int:
        times = [datetime.fromisoformat(payment[name]) for name in ("createdAt", "expiresAt")]
        return (times[1] - times[0]).days

    assert days(new(shop)) == 7
    assert days(new(shop, expiresInSeconds=30 * 86_400)) == 30
    assert shop.create(method="BANK_TRANSFER", currency="EUR", expiresInSeconds=30 * 86_400 + 1).status_code == 400
    assert shop.create(expiresInSeconds=86_401).status_code == 400


def test_all_that_was_due_settles_and_says_who_brought_it(shop: Shop, bank: Bank, books: Books) -> None:
    payment = new(shop)
    bank.pays(payment, 10_000)
    seen = shop.status(payment["paymentId"])
    assert facts(seen) == ("SETTLED", "100.00", [])
    assert seen["timeline"][-1]["detail"] == {"transfers": [{"statementId": "BST_1", "importedBy": "pk_1"}]}
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]


def test_a_part_and_then_the_rest(shop: Shop, bank: Bank, books: Books) -> None:
    payment = new(shop)
    bank.pays(payment, 4_000)
    assert facts(shop.status(payment["paymentId"])) == ("CONFIRMING", "40.00", [])
    assert shop.cancel(payment["paymentId"]).status_code == 409, "money that came is not cancelled"
    bank.pays(payment, 5_999)
    assert facts(shop.status(payment["paymentId"])) == ("CONFIRMING", "99.99", [])
    bank.pays(payment, 1)
    assert facts(shop.status(payment["paymentId"])) == ("SETTLED", "100.00", [])
    assert books.kinds(payment["paymentId"]) == ["payment.received", "payment.received", "payment.settled"]


def test_a_part_that_comes_while_it_is_cancelled_stays(shop: Shop, bank: Bank, app: App) -> None:
    """The rail's word came before the money, and reaches the payment after it."""
    payment = new(shop)
    bank.pays(payment, 4_000)
    closed = Observation(payment["action"]["reference"], TradeStatus.CLOSED)
    app.resolve._observe("bank_transfer", closed, is_current=True)
    assert facts(shop.status(payment["paymentId"])) == ("CONFIRMING", "40.00", [])


def test_too_much_at_once_and_more_afterwards(shop: Shop, bank: Bank, books: Books) -> None:
    payment = new(shop)
    bank.pays(payment, 10_001)
    assert facts(shop.status(payment["paymentId"])) == ("SETTLED", "100.01", ["OVERPAID"])
    bank.pays(payment, 10_000)
    assert facts(shop.status(payment["paymentId"])) == ("SETTLED", "200.01", ["OVERPAID"])
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.received"]


def test_a_part_when_the_window_closes_and_the_rest_too_late(
    shop: Shop, bank: Bank, app: App, passing: Passing, books: Books
) -> None:
    payment = new(shop)
    bank.pays(payment, 4_000)
    passing.window([payment["paymentId"]])
    app.expire(10)
    assert facts(shop.status(payment["paymentId"])) == ("EXPIRED", "40.00", ["UNDERPAID"])
    bank.pays(payment, 1_000)
    assert facts(shop.status(payment["paymentId"])) == ("EXPIRED", "50.00", ["UNDERPAID"])
    bank.pays(payment, 5_000)
    assert facts(shop.status(payment["paymentId"])) == ("SETTLED", "100.00", ["LATE"])
    kinds = ["payment.received", "payment.failed", "payment.received", "payment.settled"]
    assert books.kinds(payment["paymentId"]) == kinds


def test_what_was_refunded_does_not_pay(shop: Shop, bank: Bank, app: App, passing: Passing, books: Books) -> None:
    payment = new(shop)
    bank.pays(payment, 4_000)
    passing.window([payment["paymentId"]])
    app.expire(10)
    refund = shop.refund(payment["paymentId"])
    assert refund.json()["state"] == "PENDING"
    bank.tells(payment, 4_000, "PAYOUT", refund_id=refund.json()["refundId"])
    bank.pays(payment, 6_000)
    seen = shop.status(payment["paymentId"])
    assert facts(seen) == ("EXPIRED", "100.00", ["UNDERPAID"])
    assert (seen["amountRefunded"], seen["refunds"][0]["state"]) == ("40.00", "SUCCEEDED")
    bank.pays(payment, 4_000)
    assert facts(shop.status(payment["paymentId"]))[:2] == ("SETTLED", "140.00")


def test_l8_one_order_paid_twice_at_the_same_instant(shop: Shop, bank: Bank, app: App, books: Books) -> None:
    order = new_order()
    payments = [new(shop, orderId=order) for _ in range(2)]
    for payment in payments:
        bank.tells(payment, 10_000)
    at_once(*(lambda: app.resolve(10) for _ in range(3)))
    seen = [shop.status(payment["paymentId"]) for payment in payments]
    assert [each["state"] for each in seen] == ["SETTLED", "SETTLED"]
    assert sorted(each["exceptions"] for each in seen) == [[], ["DUPLICATE"]]
    cases = books.run("SELECT kind, detail FROM operator_cases WHERE detail->>'orderId' = :order", order=order)
    assert cases == [["DUPLICATE", {"orderId": order, "refundable": "100.00 EUR"}]]


def test_a_part_that_bounces_and_comes_again(shop: Shop, bank: Bank) -> None:
    payment = new(shop)
    bank.pays(payment, 4_000)
    bank.takes_back(payment, 4_000)
    assert facts(shop.status(payment["paymentId"])) == ("PENDING", "0.00", [])
    bank.pays(payment, 10_000)
    assert facts(shop.status(payment["paymentId"])) == ("SETTLED", "100.00", [])


def test_a_return_that_is_told_before_what_it_returns(shop: Shop, bank: Bank) -> None:
    payment = new(shop)
    bank.takes_back(payment, 10_000)
    assert facts(shop.status(payment["paymentId"])) == ("PENDING", "0.00", [])
    bank.pays(payment, 10_000)
    assert facts(shop.status(payment["paymentId"])) == ("PENDING", "0.00", [])


def test_settled_money_that_is_returned_reverses_and_comes_back(shop: Shop, bank: Bank, books: Books) -> None:
    payment = new(shop)
    bank.pays(payment, 6_000, 4_000)
    bank.takes_back(payment, 4_000)
    seen = shop.status(payment["paymentId"])
    assert (*facts(seen), seen["amountWithdrawn"]) == ("REVERSED", "100.00", [], "40.00")
    assert shop.refund(payment["paymentId"]).status_code == 422
    bank.pays(payment, 4_000)
    seen = shop.status(payment["paymentId"])
    assert (*facts(seen), seen["amountWithdrawn"]) == ("SETTLED", "100.00", [], "0.00")
    assert books.kinds(payment["paymentId"])[-2:] == ["payment.reversed", "payment.reinstated"]


def test_a_return_of_what_was_too_much_reverses_nothing(shop: Shop, bank: Bank) -> None:
    payment = new(shop)
    bank.pays(payment, 10_000, 10_000)
    bank.takes_back(payment, 10_000)
    seen = shop.status(payment["paymentId"])
    assert (seen["state"], seen["amountReceived"], seen["amountWithdrawn"]) == ("SETTLED", "100.00", "0.00")


def test_a_refund_waits_for_a_person_and_is_done_when_the_bank_shows_it(
    shop: Shop, bank: Bank, app: App, books: Books
) -> None:
    payment = new(shop)
    bank.pays(payment, 10_000)
    refund = shop.refund(payment["paymentId"], amount="30.00").json()
    assert refund["state"] == "PENDING"
    [[kind, detail]] = books.run(
        "SELECT kind, detail FROM operator_cases WHERE detail->>'refundId' = :id AND closed_at IS NULL",
        id=refund["refundId"],
    )
    assert kind == "REFUND_STUCK"
    assert detail["railId"] in detail["reason"]
    books.due_now(payment["paymentId"])
    app.resolve(10)
    assert shop.call("GET", f"/refunds/{refund['refundId']}").json()["state"] == "PENDING"
    bank.tells(payment, 3_000, "PAYOUT", refund_id=refund["refundId"])
    app.resolve(10)
    seen = shop.status(payment["paymentId"])
    assert (seen["state"], seen["amountRefunded"]) == ("PARTIALLY_REFUNDED", "30.00")
    open_cases = "SELECT id FROM operator_cases WHERE detail->>'refundId' = :id AND closed_at IS NULL"
    assert books.run(open_cases, id=refund["refundId"]) == []
    bank.tells(payment, 3_000, "PAYOUT_RETURN", refund_id=refund["refundId"])
    app.resolve(10)
    seen = shop.status(payment["paymentId"])
    assert (seen["state"], seen["refunds"][0]["state"]) == ("SETTLED", "REVERSED")


def test_a_payout_of_another_amount_is_for_a_person(shop: Shop, bank: Bank, app: App, books: Books) -> None:
    payment = new(shop)
    bank.pays(payment, 10_000)
    refund = shop.refund(payment["paymentId"], amount="30.00").json()
    bank.tells(payment, 2_999, "PAYOUT", refund_id=refund["refundId"])
    app.resolve(10)
    assert shop.status(payment["paymentId"])["refunds"][0]["state"] == "PENDING"
    cases = books.run(
        "SELECT kind, detail->>'amount' FROM operator_cases WHERE payment_id = :id ORDER BY id",
        id=payment["paymentId"],
    )
    assert cases == [["REFUND_STUCK", "30.00 EUR"], ["PAYOUT_DID_NOT_FIT", "29.99 EUR"]]


def test_w1_twenty_transfers_and_eight_sweeps_at_once(shop: Shop, bank: Bank, app: App, books: Books) -> None:
    payment = new(shop)
    for _ in range(20):
        bank.tells(payment, 500)
    at_once(*(lambda: app.resolve(10) for _ in range(4)))
    assert facts(shop.status(payment["paymentId"])) == ("SETTLED", "100.00", [])
    assert books.run("SELECT * FROM transfer_queue q JOIN transfers t ON t.id = q.transfer_id"
                     " WHERE payment_id = :id", id=payment["paymentId"]) == []  # fmt: skip
    assert books.kinds(payment["paymentId"]).count("payment.settled") == 1


def test_a_booking_that_breaks_keeps_its_transfers_queued(shop: Shop, bank: Bank, app: App, books: Books) -> None:
    payment = new(shop)
    with books.broken(payment["paymentId"]):
        bank.pays(payment, 10_000)
        assert shop.status(payment["paymentId"])["state"] == "PENDING"
    books.run("UPDATE transfer_queue SET available_at = now()")
    app.resolve(10)
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"


def test_l1_money_while_the_window_closes(shop: Shop, bank: Bank, app: App, passing: Passing, books: Books) -> None:
    payments = [new(shop) for _ in range(10)]
    passing.window([payment["paymentId"] for payment in payments])
    for payment in payments:
        bank.tells(payment, 10_000)
    at_once(lambda: app.expire(10), lambda: app.resolve(10), lambda: app.resolve(10))
    app.resolve(10)
    for payment in payments:
        seen = shop.status(payment["paymentId"])
        assert seen["state"] == "SETTLED"
        kinds = books.kinds(payment["paymentId"])
        was_late = seen["exceptions"] == ["LATE"]
        assert kinds == (["payment.failed", "payment.settled"] if was_late else ["payment.settled"])


def test_more_money_after_all_was_refunded_is_not_refunded(shop: Shop, bank: Bank, app: App) -> None:
    payment = new(shop)
    bank.pays(payment, 10_000)
    refund = shop.refund(payment["paymentId"]).json()
    bank.tells(payment, 10_000, "PAYOUT", refund_id=refund["refundId"])
    app.resolve(10)
    assert shop.status(payment["paymentId"])["state"] == "REFUNDED"
    bank.pays(payment, 2_500)
    seen = shop.status(payment["paymentId"])
    assert (seen["state"], seen["amountReceived"]) == ("PARTIALLY_REFUNDED", "125.00")
    assert shop.refund(payment["paymentId"]).json()["amount"] == "25.00"


def test_l5_money_that_waits_to_be_booked_does_not_expire(
    shop: Shop, bank: Bank, app: App, passing: Passing, books: Books
) -> None:
    payment = new(shop)
    bank.tells(payment, 10_000)
    passing.window([payment["paymentId"]])
    app.expire(10)
    assert shop.status(payment["paymentId"])["state"] == "PENDING"
    app.resolve(10)
    assert facts(shop.status(payment["paymentId"])) == ("SETTLED", "100.00", [])
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]


def test_a_payout_that_comes_back_makes_up_what_is_due(
    shop: Shop, bank: Bank, app: App, passing: Passing, books: Books
) -> None:
    """Both in one file: the rest comes, and the refund of the first part returns."""
    payment = new(shop)
    bank.pays(payment, 4_000)
    passing.window([payment["paymentId"]])
    app.expire(10)
    refund = shop.refund(payment["paymentId"]).json()
    bank.tells(payment, 4_000, "PAYOUT", refund_id=refund["refundId"])
    bank.pays(payment, 6_000)
    assert facts(shop.status(payment["paymentId"])) == ("EXPIRED", "100.00", ["UNDERPAID"])
    bank.tells(payment, 4_000, "PAYOUT_RETURN", refund_id=refund["refundId"])
    app.resolve(10)
    seen = shop.status(payment["paymentId"])
    assert (*facts(seen), seen["amountRefunded"]) == ("SETTLED", "100.00", ["LATE"], "0.00")
