"""R7: refunds that somebody made in the rail's own console, alone and while one of ours is under way."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.at_once import until
from tests.support.shop import reference

if TYPE_CHECKING:
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.shop import Shop

REFUND = "alipay.trade.refund"


def settled(shop: Shop, alipay: Alipay) -> dict[str, Any]:
    payment = shop.created(channel="WEB")
    alipay.pay(payment)
    return shop.await_state(payment["paymentId"], "SETTLED")


def refunds(shop: Shop, payment: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = shop.status(payment["paymentId"])["refunds"]
    return sorted((refund["origin"], refund["amount"], refund["state"]) for refund in found)


def test_r7_by_callback(shop: Shop, books: Books, alipay: Alipay) -> None:
    payment = settled(shop, alipay)
    for state in ("PARTIALLY_REFUNDED", "REFUNDED"):
        alipay.do("console-refund", out_trade_no=reference(payment), amount=5000)
        shop.await_state(payment["paymentId"], state)
    for callback in alipay.await_callbacks(reference(payment), 3):
        assert alipay.do(f"callbacks/{callback['id']}/resend")["answer"] == "success"

    assert refunds(shop, payment) == [("RAIL", "50.00", "SUCCEEDED")] * 2
    assert books.states(payment["paymentId"])[-2:] == ["PARTIALLY_REFUNDED", "REFUNDED"]
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.refunded", "payment.refunded"]
    assert books.cases(reference(payment)) == ["REFUNDED_AT_THE_RAIL"] * 2
    assert shop.refund(payment["paymentId"], amount="0.01").status_code == 422


@pytest.mark.parametrize("kind", ["delay", "timeout"], ids=["before ours is done", "after ours is done"])
def test_r7_while_one_of_ours_is_under_way(shop: Shop, app: App, books: Books, script: Alipay, kind: str) -> None:
    """The rail tells sums: what it says of one refund may hold the other."""
    payment = settled(shop, script)
    is_done = kind == "timeout"
    if is_done:
        script.fault("withhold", method="callback", out_trade_no=reference(payment))
    script.fault(kind, method=REFUND, out_trade_no=reference(payment), seconds=1)
    ours = threading.Thread(target=shop.refund, args=(payment["paymentId"],), kwargs={"amount": "60.00"})
    ours.start()
    until(lambda: books.sums(payment["paymentId"])["refund_reserved"] > 0, "a reserve")
    until(lambda: not is_done or script.order(reference(payment))["refunded"] == 6000, "the rail's refund of ours")
    script.do("console-refund", out_trade_no=reference(payment), amount=3000)
    ours.join()
    script.await_callbacks(reference(payment), 2 if is_done else 3)
    for _ in range(2):
        books.due_now(payment["paymentId"])
        app.resolve(5)

    assert refunds(shop, payment) == [("API", "60.00", "SUCCEEDED"), ("RAIL", "30.00", "SUCCEEDED")]
    assert books.sums(payment["paymentId"]) == {
        "received": 10000,
        "refund_reserved": 0,
        "refunded": 6000,
        "refunded_outside": 3000,
    }
    assert script.order(reference(payment))["refunded"] == 9000
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.refunded", "payment.refunded"]
    assert books.cases(reference(payment)) == ["REFUNDED_AT_THE_RAIL"]


def test_r7_the_console_gives_back_what_we_had_reserved(shop: Shop, app: App, books: Books, script: Alipay) -> None:
    """Ours is refused then, and what the console did is recorded whatever it does to the sum."""
    payment = settled(shop, script)
    script.fault("drop", method=REFUND, out_trade_no=reference(payment))
    assert shop.refund(payment["paymentId"], amount="60.00").status_code == 202
    script.do("console-refund", out_trade_no=reference(payment))
    script.await_callbacks(reference(payment), 2)
    for _ in range(2):
        books.due_now(payment["paymentId"])
        app.resolve(5)
    assert refunds(shop, payment) == [("API", "60.00", "FAILED"), ("RAIL", "100.00", "SUCCEEDED")]
    assert shop.status(payment["paymentId"])["state"] == "REFUNDED"


def test_r7_a_full_one_is_found_by_asking(shop: Shop, books: Books, script: Alipay) -> None:
    payment = settled(shop, script)
    script.fault("withhold", method="callback", out_trade_no=reference(payment))
    script.do("console-refund", out_trade_no=reference(payment))
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"
    for _ in range(2):
        found = shop.status(payment["paymentId"], refresh="true")
        assert (found["state"], found["amountRefunded"]) == ("REFUNDED", "100.00")
    assert refunds(shop, payment) == [("RAIL", "100.00", "SUCCEEDED")]
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.refunded"]
    assert books.cases(reference(payment)) == ["REFUNDED_AT_THE_RAIL"]


def test_r7_asking_while_ours_is_unknown(shop: Shop, app: App, books: Books, script: Alipay) -> None:
    """The rail's sum may hold ours: nobody guesses, and the caller gets what is known."""
    payment = settled(shop, script)
    script.fault("withhold", method="callback", out_trade_no=reference(payment), count=2)
    script.fault("timeout", method=REFUND, out_trade_no=reference(payment), seconds=0.1)
    assert shop.refund(payment["paymentId"], amount="60.00").status_code == 202
    script.do("console-refund", out_trade_no=reference(payment))
    assert shop.status(payment["paymentId"], refresh="true")["amountRefunded"] == "0.00"

    books.due_now(payment["paymentId"])
    app.resolve(5)
    found = shop.status(payment["paymentId"], refresh="true")
    assert (found["state"], found["amountRefunded"]) == ("REFUNDED", "100.00")
    assert refunds(shop, payment) == [("API", "60.00", "SUCCEEDED"), ("RAIL", "40.00", "SUCCEEDED")]


def test_r7_paid_and_given_back_before_we_heard_of_either(
    shop: Shop, app: App, books: Books, script: Alipay
) -> None:
    payment = shop.created(channel="WEB")
    script.fault("withhold", method="callback", out_trade_no=reference(payment), count=2)
    script.pay(payment)
    script.do("console-refund", out_trade_no=reference(payment))
    books.due_now(payment["paymentId"])
    app.resolve(5)
    assert books.states(payment["paymentId"]) == ["CREATED", "PENDING", "SETTLED", "REFUNDED"]
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.refunded"]
