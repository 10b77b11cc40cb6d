"""Disputes: settled money is withdrawn and comes back; and R8, refunds that a bank returns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support import card as cards
from tests.support.at_once import until
from tests.support.card import Card, card
from tests.support.shop import reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.books import Books
    from tests.support.shop import Shop

pytestmark = pytest.mark.timeout(120)
SETTLED = "payment.settled"
REVERSED, REINSTATED = "payment.reversed", "payment.reinstated"


@pytest.fixture
def desk(stack: Stack) -> Iterator[Card]:
    sandbox = card(stack.sandbox.url)
    yield sandbox
    sandbox.clear_faults()


def id_of(payment: dict[str, Any]) -> str:
    found: str = payment["paymentId"]
    return found


def withdrawn(shop: Shop, payment: dict[str, Any], amount: str, state: str) -> dict[str, Any]:
    """The payment once disputes hold that much."""
    until(lambda: shop.status(id_of(payment))["amountWithdrawn"] == amount, f"{amount} withdrawn")
    found = shop.status(id_of(payment))
    assert found["state"] == state
    return found


def alarms(stack: Stack) -> int:
    lines = [line for line in stack.gateway.log.read_text(encoding="utf-8").splitlines() if '"_aws"' in line]
    return sum("PaymentReversed" in json.loads(line) for line in lines)


def all_told(desk: Card, payment: dict[str, Any]) -> None:
    until(lambda: all(one["sends"] for one in desk.callbacks(payment)), "every event was sent")


def test_a_dispute_withdraws_and_a_won_one_reinstates(stack: Stack, shop: Shop, books: Books, desk: Card) -> None:
    payment, before = desk.settled(shop), alarms(stack)
    dispute = desk.disputed(payment)
    withdrawn(shop, payment, "100.00", "REVERSED")
    until(lambda: alarms(stack) == before + 1, "one alarm")
    refused = shop.refund(id_of(payment), amount="1.00")
    assert (refused.status_code, refused.json()["code"]) == (422, "refund_not_possible")
    desk.decide(dispute, "win")
    withdrawn(shop, payment, "0.00", "SETTLED")
    all_told(desk, payment)
    [_, reversal, back] = books.events(id_of(payment))
    assert (reversal["kind"], reversal["amountWithdrawnExact"], reversal["state"]) == (
        REVERSED,
        "100.00",
        "REVERSED",
    )
    assert (back["kind"], back["amountWithdrawnExact"], back["state"]) == (REINSTATED, "0.00", "SETTLED")
    assert alarms(stack) == before + 1
    assert shop.refund(id_of(payment), amount="1.00").status_code == 201


def test_a_lost_dispute_stays(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.settled(shop)
    desk.decide(desk.disputed(payment), "lose")
    withdrawn(shop, payment, "100.00", "REVERSED")
    all_told(desk, payment)
    assert books.kinds(id_of(payment)) == [SETTLED, REVERSED]


def test_an_inquiry_moves_nothing_until_it_is_a_dispute(shop: Shop, books: Books, desk: Card) -> None:
    quiet, loud = desk.settled(shop), desk.settled(shop)
    desk.decide(desk.disputed(quiet, kind="inquiry"), "close")
    inquiry = desk.disputed(loud, kind="inquiry")
    for payment in (quiet, loud):
        all_told(desk, payment)
        seen = shop.status(id_of(payment), refresh="true")
        assert (seen["state"], seen["amountWithdrawn"]) == ("SETTLED", "0.00")
    desk.decide(inquiry, "escalate")
    withdrawn(shop, loud, "100.00", "REVERSED")
    assert (books.kinds(id_of(quiet)), books.kinds(id_of(loud))) == ([SETTLED], [SETTLED, REVERSED])


def test_in_parts(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.settled(shop)
    first = desk.disputed(payment, amount=3000)
    withdrawn(shop, payment, "30.00", "REVERSED")
    second = desk.disputed(payment, amount=2000)
    withdrawn(shop, payment, "50.00", "REVERSED")
    desk.decide(first, "win", amount=1000)
    withdrawn(shop, payment, "40.00", "REVERSED")
    desk.decide(second, "win")
    withdrawn(shop, payment, "20.00", "REVERSED")
    all_told(desk, payment)
    assert books.kinds(id_of(payment)) == [SETTLED, REVERSED, REVERSED, REINSTATED, REINSTATED]


def test_w3_in_any_order_and_twice(shop: Shop, books: Books, desk: Card) -> None:
    """What an old event says of a dispute is not believed: what the processor says now is."""
    payment = desk.settled(shop)
    all_told(desk, payment)
    desk.fault(payment, "withhold", count=99)
    desk.decide(desk.disputed(payment), "win")
    lost = desk.disputed(payment, amount=4000)
    desk.decide(lost, "lose")
    events = [one for one in desk.callbacks(payment) if "dispute" in one["params"]["event"]["type"]]
    assert len(events) >= 7
    for callback in (*reversed(events), *events):
        desk.resend(callback)
    withdrawn(shop, payment, "40.00", "REVERSED")
    assert books.kinds(id_of(payment)) == [SETTLED, REVERSED]
    assert all(one["sends"][0]["status"] == 200 for one in desk.callbacks(payment) if one["sends"])


@pytest.mark.parametrize("kind", ["drop", "api_error", "garbage"])
def test_w4_a_dispute_that_could_not_be_asked_about_is_asked_about_later(
    shop: Shop, books: Books, app: App, desk: Card, kind: str
) -> None:
    payment = desk.settled(shop)
    all_told(desk, payment)
    desk.fault(payment, kind, "payment_intents.retrieve", count=99)
    desk.disputed(payment)
    all_told(desk, payment)
    assert shop.status(id_of(payment))["state"] == "SETTLED"
    desk.clear_faults()
    books.due_now(id_of(payment))
    app.resolve(5)
    withdrawn(shop, payment, "100.00", "REVERSED")
    assert books.kinds(id_of(payment)) == [SETTLED, REVERSED]


def test_disputed_at_once(shop: Shop, books: Books, desk: Card) -> None:
    """The dispute may be heard of before the payment."""
    payment = desk.created(shop)
    desk.use(payment, "pm_card_createDispute")
    withdrawn(shop, payment, "100.00", "REVERSED")
    all_told(desk, payment)
    assert books.kinds(id_of(payment)) == [SETTLED, REVERSED]


# ---------------------------------------------------------------- with refunds


def test_a_dispute_after_a_refund(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.settled(shop)
    assert shop.refund(id_of(payment), amount="60.00").status_code == 201
    dispute = desk.disputed(payment)
    withdrawn(shop, payment, "40.00", "REVERSED")
    desk.decide(dispute, "win")
    seen = withdrawn(shop, payment, "0.00", "PARTIALLY_REFUNDED")
    assert seen["amountRefunded"] == "60.00"
    assert books.kinds(id_of(payment)) == [SETTLED, "payment.refunded", REVERSED, REINSTATED]


def test_a_dispute_while_a_refund_is_under_way(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.settled(shop)
    desk.fault(payment, "refund_status", "refunds.create", status="pending")
    assert shop.refund(id_of(payment), amount="60.00").json()["state"] == "PENDING"
    dispute = desk.disputed(payment)
    withdrawn(shop, payment, "40.00", "REVERSED")
    [made] = desk.books(payment)["refunds"]
    desk.do(f"refunds/{made['id']}", status="succeeded")
    until(lambda: shop.status(id_of(payment))["amountRefunded"] == "60.00", "the refund was done")
    assert shop.status(id_of(payment))["state"] == "REVERSED"
    desk.decide(dispute, "win")
    withdrawn(shop, payment, "0.00", "PARTIALLY_REFUNDED")
    sums = books.sums(id_of(payment))
    assert (sums["refund_reserved"], sums["refunded"], sums["refunded_outside"]) == (0, 6000, 0)


@pytest.mark.parametrize(("amount", "state"), [("100.00", "REFUNDED"), ("60.00", "PARTIALLY_REFUNDED")])
def test_r8_a_refund_that_fails_after_it_was_done(
    shop: Shop, books: Books, desk: Card, amount: str, state: str
) -> None:
    payment = desk.settled(shop)
    assert shop.refund(id_of(payment), amount=amount).json()["state"] == "SUCCEEDED"
    assert shop.status(id_of(payment))["state"] == state
    [made] = desk.books(payment)["refunds"]
    desk.do(f"refunds/{made['id']}", status="failed", failure_reason="lost_or_stolen_card")
    seen = shop.await_state(id_of(payment), "SETTLED")
    [refund] = seen["refunds"]
    assert (refund["state"], refund["failureReason"]) == ("REVERSED", "lost_or_stolen_card")
    assert seen["amountRefunded"] == "0.00"
    all_told(desk, payment)
    assert books.kinds(id_of(payment)) == [SETTLED, "payment.refunded", "payment.refund_reversed"]
    assert shop.refund(id_of(payment)).json()["amount"] == "100.00"


def test_r8_one_of_two_and_its_events_in_any_order(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.settled(shop)
    for amount in ("60.00", "40.00"):
        assert shop.refund(id_of(payment), amount=amount).json()["state"] == "SUCCEEDED"
    all_told(desk, payment)
    first = next(made for made in desk.books(payment)["refunds"] if made["amount"] == 6000)
    desk.do(f"refunds/{first['id']}", status="failed", failure_reason="expired_or_canceled_card")
    shop.await_state(id_of(payment), "PARTIALLY_REFUNDED")
    all_told(desk, payment)
    kinds = [SETTLED, "payment.refunded", "payment.refunded", "payment.refund_reversed"]
    assert books.kinds(id_of(payment)) == kinds
    for callback in reversed(desk.callbacks(payment)):
        desk.resend(callback)
    seen = shop.status(id_of(payment), refresh="true")
    assert (seen["state"], seen["amountRefunded"]) == ("PARTIALLY_REFUNDED", "40.00")
    assert books.kinds(id_of(payment)) == kinds
    assert books.sums(id_of(payment))["refunded_outside"] == 0


def test_r8_a_card_whose_bank_returns_refunds(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.paid_with(shop, cards.REFUND_FAILS)
    assert shop.refund(id_of(payment), amount="60.00").status_code == 201
    until(lambda: shop.status(id_of(payment))["refunds"][0]["state"] == "REVERSED", "it came back")
    assert shop.status(id_of(payment))["state"] == "SETTLED"


def test_r8_one_from_the_dashboard(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.settled(shop)
    desk.at(payment, "console-refund", amount=2500)
    shop.await_state(id_of(payment), "PARTIALLY_REFUNDED")
    all_told(desk, payment)
    [made] = desk.books(payment)["refunds"]
    desk.do(f"refunds/{made['id']}", status="failed", failure_reason="declined")
    assert shop.await_state(id_of(payment), "SETTLED")["amountRefunded"] == "0.00"
    assert books.sums(id_of(payment))["refunded_outside"] == 0
    assert "REFUNDED_AT_THE_RAIL" in books.cases(reference(payment))
