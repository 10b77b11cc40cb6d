"""What a rail said may be old by the time it is applied, or say less than it seems to: it undoes nothing newer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.at_once import until
from tests.support.card import Card, card
from tests.support.rails import RailSandbox, rail_sandboxes
from tests.support.shop import reference
from tests.support.wechat_pay import WechatPayMessages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.books import Books
    from tests.support.shop import Shop

pytestmark = pytest.mark.timeout(120)
SETTLED, REVERSED, REINSTATED = "payment.settled", "payment.reversed", "payment.reinstated"


@pytest.fixture
def desk(stack: Stack) -> Iterator[Card]:
    sandbox = card(stack.sandbox.url)
    yield sandbox
    sandbox.clear_faults()


@pytest.fixture
def unionpay(stack: Stack) -> Iterator[RailSandbox]:
    sandbox = rail_sandboxes(stack.sandbox.url)["unionpay"]
    yield sandbox
    sandbox.clear_faults()


@pytest.fixture
def wechat_pay(stack: Stack) -> RailSandbox:
    return rail_sandboxes(stack.sandbox.url)["wechat_pay"]


@pytest.fixture
def messages(stack: Stack) -> WechatPayMessages:
    return WechatPayMessages(stack.gateway.url, stack.sandbox.state / "wechat_pay" / "merchant")


def id_of(payment: dict[str, Any]) -> str:
    found: str = payment["paymentId"]
    return found


def all_told(desk: Card, payment: dict[str, Any]) -> None:
    until(lambda: all(one["sends"] for one in desk.callbacks(payment)), "every event was sent")


def withdrawn(shop: Shop, payment: dict[str, Any], amount: str) -> dict[str, Any]:
    until(lambda: shop.status(id_of(payment))["amountWithdrawn"] == amount, f"{amount} withdrawn")
    return shop.status(id_of(payment))


def is_on_its_way(sandbox: RailSandbox) -> bool:
    """Whether the scripted answer was given: it was right then, and arrives later."""
    return all(fault["remaining"] == 0 for fault in sandbox.see("faults")["faults"])


def test_an_answer_from_before_a_dispute_was_won_withdraws_nothing_again(
    shop: Shop, books: Books, desk: Card
) -> None:
    """No further event would ever put that right."""
    payment = desk.settled(shop)
    dispute = desk.disputed(payment)
    withdrawn(shop, payment, "100.00")
    all_told(desk, payment)
    desk.fault(payment, "late", "disputes.list", seconds=2, count=1)
    asking = threading.Thread(target=shop.status, args=(id_of(payment),), kwargs={"refresh": "true"})
    asking.start()
    until(lambda: is_on_its_way(desk), "the answer is on its way")
    desk.decide(dispute, "win")
    withdrawn(shop, payment, "0.00")
    asking.join()
    seen = shop.status(id_of(payment))
    assert (seen["state"], seen["amountWithdrawn"]) == ("SETTLED", "0.00")
    assert books.kinds(id_of(payment)) == [SETTLED, REVERSED, REINSTATED]


def test_an_event_whose_answer_is_outrun_is_asked_about_again(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.settled(shop)
    desk.fault(payment, "withhold", count=99)
    dispute = desk.disputed(payment)
    [taken] = desk.told(payment, "charge.dispute.funds_withdrawn")
    assert shop.status(id_of(payment), refresh="true")["state"] == "REVERSED"
    desk.fault(payment, "late", "disputes.list", seconds=2, count=1)
    telling = threading.Thread(target=desk.resend, args=(taken,))
    telling.start()
    until(
        lambda: [one["remaining"] for one in desk.see("faults")["faults"] if one["kind"] == "late"] == [0], "asked"
    )
    desk.decide(dispute, "win")
    assert shop.status(id_of(payment), refresh="true")["state"] == "SETTLED"
    telling.join()
    assert shop.status(id_of(payment))["state"] == "SETTLED"
    assert books.kinds(id_of(payment)) == [SETTLED, REVERSED, REINSTATED]
    [[waiting]] = books.run(
        "SELECT count(*) FROM callback_queue q JOIN callback_inbox i ON i.id = q.callback_id"
        " JOIN attempts a ON position(convert_to(a.rail_id, 'UTF8') IN i.body) > 0 WHERE a.payment_id = :id",
        id=id_of(payment),
    )
    assert waiting == 0


def test_a_dispute_is_booked_while_refunds_cannot_be_told_apart(
    shop: Shop, books: Books, app: App, desk: Card
) -> None:
    """One of ours is under way for days, and another was made in the dashboard meanwhile."""
    payment = desk.settled(shop)
    desk.fault(payment, "refund_status", "refunds.create", status="pending")
    assert shop.refund(id_of(payment), amount="60.00").json()["state"] == "PENDING"
    [made] = desk.books(payment)["refunds"]
    desk.at(payment, "console-refund", amount=1000)
    all_told(desk, payment)
    desk.disputed(payment)
    seen = withdrawn(shop, payment, "30.00")
    assert seen["state"] == "REVERSED"
    assert shop.refund(id_of(payment), amount="1.00").status_code == 422
    desk.do(f"refunds/{made['id']}", status="succeeded")
    until(lambda: shop.status(id_of(payment))["amountRefunded"] != "0.00", "the refund was done")
    books.due_now(id_of(payment))
    app.resolve(5)
    sums = books.sums(id_of(payment))
    assert (sums["refund_reserved"], sums["refunded"], sums["refunded_outside"]) == (0, 6000, 1000)
    assert shop.status(id_of(payment))["state"] == "REVERSED"


def test_a_settled_order_that_the_rail_no_longer_finds_was_not_refunded(
    shop: Shop, books: Books, unionpay: RailSandbox
) -> None:
    payment = unionpay.settled(shop)
    books.run(
        "UPDATE attempts SET rail_expires_at = now() - interval '1 hour' WHERE payment_id = :id", id=id_of(payment)
    )
    unionpay.fault(payment, "refuse", "query", respCode="34", count=9)
    seen = shop.status(id_of(payment), refresh="true")
    assert (seen["state"], seen["amountRefunded"], seen["refunds"]) == ("SETTLED", "0.00", [])
    assert books.kinds(id_of(payment)) == [SETTLED]


def test_what_is_given_back_is_the_payment_that_succeeded(shop: Shop, unionpay: RailSandbox) -> None:
    """An attempt that a bank did not take has a number of its own."""
    payment = unionpay.created(shop, channel="QR")
    failing = {"origRespCode": "03", "queryId": "172611221800001234567"}
    unionpay.do("begin", order_id=reference(payment))
    unionpay.fault(payment, "override", "query", fields=failing, count=1)
    assert shop.status(id_of(payment), refresh="true")["state"] == "CONFIRMING"
    unionpay.pay(payment)
    shop.await_state(id_of(payment), "SETTLED")
    assert shop.refund(id_of(payment), amount="30.00").json()["state"] == "SUCCEEDED"


# ---------------------------------------------------------------- refunds that are told of one by one


def refunding(shop: Shop, wechat_pay: RailSandbox, becomes: str) -> tuple[dict[str, Any], str]:
    """A settled payment, and the number of a refund of 60 that WeChat Pay lets become that."""
    payment = wechat_pay.settled(shop)
    wechat_pay.fault(payment, "becomes", "refund", status=becomes)
    made = shop.refund(id_of(payment), amount="60.00").json()
    return payment, made["refundId"].removeprefix("REF_")


def test_a_refund_of_ours_in_another_amount_is_for_an_operator(
    shop: Shop, books: Books, wechat_pay: RailSandbox, messages: WechatPayMessages
) -> None:
    payment, number = refunding(shop, wechat_pay, "PROCESSING")
    assert messages.post(messages.refund_body(payment, number, 5900)).status_code == 204
    assert shop.status(id_of(payment))["refunds"][0]["state"] == "PENDING"
    assert books.sums(id_of(payment))["refund_reserved"] == 6000
    assert books.cases(reference(payment)) == ["OTHER_REFUND_AMOUNT"]
    assert messages.post(messages.refund_body(payment, number, 6000)).status_code == 204
    assert shop.status(id_of(payment))["refunds"][0]["state"] == "SUCCEEDED"


def test_a_refund_that_is_done_after_it_had_failed_is_money_that_went(
    shop: Shop, books: Books, wechat_pay: RailSandbox, messages: WechatPayMessages
) -> None:
    """Else the shop could give it back once more."""
    payment, number = refunding(shop, wechat_pay, "CLOSED")
    until(lambda: shop.status(id_of(payment))["refunds"][0]["state"] == "FAILED", "it failed")
    for _ in range(2):
        assert messages.post(messages.refund_body(payment, number, 6000)).status_code == 204
    seen = shop.status(id_of(payment))
    assert (seen["state"], seen["amountRefunded"]) == ("PARTIALLY_REFUNDED", "60.00")
    assert books.sums(id_of(payment))["refunded_outside"] == 6000
    assert books.cases(reference(payment)) == ["REFUNDED_AT_THE_RAIL"]
    assert shop.refund(id_of(payment), amount="40.01").status_code == 422


def test_a_refund_that_is_told_before_its_payment(
    shop: Shop, books: Books, wechat_pay: RailSandbox, messages: WechatPayMessages
) -> None:
    payment = wechat_pay.created(shop)
    assert messages.post(messages.refund_body(payment, "CONSOLE1", 2500)).status_code == 204
    assert messages.post(messages.body(payment)).status_code == 204
    seen = shop.status(id_of(payment))
    assert (seen["state"], seen["amountRefunded"]) == ("PARTIALLY_REFUNDED", "25.00")
    assert books.kinds(id_of(payment)) == [SETTLED, "payment.refunded"]
