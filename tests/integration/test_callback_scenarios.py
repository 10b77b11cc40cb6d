"""Callbacks that are repeated, early, out of order, late or lost."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.at_once import at_once
from tests.support.shop import reference

if TYPE_CHECKING:
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.notification import Notifications
    from tests.support.shop import Shop

SETTLED_ONCE = ["CREATED", "PENDING", "SETTLED"]


@pytest.mark.parametrize("differ", [False, True], ids=["the same bytes", "repeats that differ"])
def test_w1_twenty_callbacks_at_once(shop: Shop, books: Books, notified: Notifications, *, differ: bool) -> None:
    payment = shop.created(channel="WEB")
    bodies = [notified.body(payment) for _ in range(20)] if differ else [notified.body(payment)] * 20

    answers = at_once(*(partial(notified.post, body) for body in bodies))

    assert {(answer.status_code, answer.text) for answer in answers} == {(200, "success")}
    assert books.states(payment["paymentId"]) == SETTLED_ONCE
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]
    kept = [outcome for body in set(bodies) for outcome in books.outcomes(body)]
    assert sorted(map(str, kept)) == ["nothing new"] * (len(kept) - 1) + ["settled"]
    assert len(kept) == len(set(bodies))


def test_w1_the_rail_itself_sends_twenty(shop: Shop, books: Books, script: Alipay) -> None:
    payment = shop.created(channel="WEB")
    script.fault("duplicate", method="callback", out_trade_no=reference(payment), copies=20)
    script.pay(payment)
    [callback] = script.await_callbacks(reference(payment), 1, seconds=30)
    assert len(callback["sends"]) >= 20
    assert books.states(payment["paymentId"]) == SETTLED_ONCE
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]


def test_w2_the_callback_comes_before_create_has_its_answer(shop: Shop, books: Books, script: Alipay) -> None:
    script.fault("callback_first", method="alipay.trade.precreate")
    created = shop.create(key="w2")
    payment = created.json()
    assert (created.status_code, payment["state"], payment["amountReceived"]) == (201, "SETTLED", "100.00")
    assert shop.status(payment["paymentId"]) == payment
    assert books.states(payment["paymentId"]) == ["CREATED", "SETTLED"]
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]


def test_w3_closed_after_success(shop: Shop, books: Books, notified: Notifications) -> None:
    payment = shop.created(channel="WEB")
    for status in ("TRADE_SUCCESS", "TRADE_CLOSED", "WAIT_BUYER_PAY"):
        assert notified.post(notified.body(payment, trade_status=status)).text == "success"
    assert books.states(payment["paymentId"]) == SETTLED_ONCE
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]


def test_w3_success_after_closed_is_late_money(shop: Shop, books: Books, notified: Notifications) -> None:
    payment = shop.created(channel="WEB")
    for status in ("TRADE_CLOSED", "TRADE_SUCCESS", "TRADE_CLOSED"):
        assert notified.post(notified.body(payment, trade_status=status)).text == "success"
    settled = shop.status(payment["paymentId"])
    assert (settled["state"], settled["exceptions"], settled["failureReason"]) == ("SETTLED", ["LATE"], None)
    assert books.kinds(payment["paymentId"]) == ["payment.failed", "payment.settled"]


@pytest.mark.parametrize(
    ("fen", "state", "refunded"), [(3000, "PARTIALLY_REFUNDED", "30.00"), (10000, "REFUNDED", "100.00")]
)
def test_w3_the_refund_overtakes_the_payment(
    shop: Shop, books: Books, script: Alipay, fen: int, state: str, refunded: str
) -> None:
    """Refunding all of it closes the trade: `TRADE_CLOSED` comes first, and money was received all the same."""
    payment = shop.created(channel="WEB")
    script.fault("reorder", method="callback", out_trade_no=reference(payment))
    script.pay(payment)
    script.do("console-refund", out_trade_no=reference(payment), amount=fen)
    script.await_callbacks(reference(payment), 2)
    now = shop.status(payment["paymentId"])
    assert (now["state"], now["amountReceived"], now["amountRefunded"]) == (state, "100.00", refunded)
    assert books.states(payment["paymentId"]) == [*SETTLED_ONCE, state]
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.refunded"]


def test_w8_finished_and_repeated_after_a_partial_refund(shop: Shop, books: Books, alipay: Alipay) -> None:
    payment = shop.created(channel="WEB")
    alipay.pay(payment)
    shop.await_state(payment["paymentId"], "SETTLED")
    assert shop.refund(payment["paymentId"], amount="30.00").status_code == 201
    alipay.do("finish", out_trade_no=reference(payment))
    callbacks = alipay.await_callbacks(reference(payment), 3)
    for callback in callbacks:
        assert alipay.do(f"callbacks/{callback['id']}/resend")["answer"] == "success"
    assert books.states(payment["paymentId"]) == [*SETTLED_ONCE, "PARTIALLY_REFUNDED"]
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.refunded"]
    assert shop.status(payment["paymentId"])["amountRefunded"] == "30.00"


def test_w8_finished_is_paid_where_it_is_the_first_news(shop: Shop, books: Books, notified: Notifications) -> None:
    payment = shop.created(channel="WEB")
    assert notified.post(notified.body(payment, trade_status="TRADE_FINISHED")).text == "success"
    assert books.states(payment["paymentId"]) == SETTLED_ONCE


def test_w14_a_callback_that_never_comes(shop: Shop, app: App, books: Books, script: Alipay) -> None:
    payment = shop.created(channel="WEB")
    script.fault("withhold", method="callback", out_trade_no=reference(payment))
    script.pay(payment)

    app.resolve(5)
    assert script.calls("alipay.trade.query", reference(payment)) == 0, "asked before its time"
    [[seconds]] = books.run(
        "SELECT extract(epoch FROM next_query_at - created_at) FROM attempts WHERE payment_id = :id",
        id=payment["paymentId"],
    )
    assert seconds == 10

    books.due_now(payment["paymentId"])
    app.resolve(5)
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]
    assert script.calls("alipay.trade.query", reference(payment)) == 1


def test_w14_nobody_has_paid_yet_so_it_is_asked_again_later(
    shop: Shop, app: App, books: Books, alipay: Alipay
) -> None:
    payment = shop.created(channel="WEB")
    books.due_now(payment["paymentId"])
    app.resolve(5)
    app.resolve(5)
    assert alipay.calls("alipay.trade.query", reference(payment)) == 1
    assert shop.status(payment["paymentId"])["state"] == "PENDING"
    [[is_planned]] = books.run(
        "SELECT next_query_at > now() FROM attempts WHERE payment_id = :id", id=payment["paymentId"]
    )
    assert is_planned
