"""R1 to R6: refunds of ours, at once, too large, unanswered and refused."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.at_once import at_once, until
from tests.support.shop import new_key, reference

if TYPE_CHECKING:
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.shop import Shop

REFUND = "alipay.trade.refund"
REFUND_QUERY = "alipay.trade.fastpay.refund.query"
LONGEST_REQUEST_SECONDS = 15


def settled(shop: Shop, alipay: Alipay) -> dict[str, Any]:
    payment = shop.created(channel="WEB")
    alipay.pay(payment)
    return shop.await_state(payment["paymentId"], "SETTLED")


def test_r1_two_refunds_of_60_at_once_of_100(shop: Shop, alipay: Alipay, books: Books) -> None:
    for _ in range(8):
        payment = settled(shop, alipay)
        calls = [partial(shop.refund, payment["paymentId"], amount="60.00", key=new_key()) for _ in range(2)]
        answers = at_once(*calls)
        assert sorted(answer.status_code for answer in answers) == [201, 422]
        assert alipay.order(reference(payment))["refunded"] == 6000
        assert books.sums(payment["paymentId"]) == {
            "received": 10000,
            "refund_reserved": 0,
            "refunded": 6000,
            "refunded_outside": 0,
        }


def test_r1_ten_refunds_of_30_at_once_and_all_that_is_left(shop: Shop, alipay: Alipay, books: Books) -> None:
    payment = settled(shop, alipay)
    calls = [partial(shop.refund, payment["paymentId"], amount="30.00", key=new_key()) for _ in range(10)]
    answers = at_once(*calls)
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [422] * 7
    rest = at_once(*(partial(shop.refund, payment["paymentId"], key=new_key()) for _ in range(4)))
    assert sorted(answer.status_code for answer in rest) == [201, 422, 422, 422]
    assert shop.status(payment["paymentId"])["state"] == "REFUNDED"
    assert alipay.order(reference(payment))["refunded"] == 10000
    assert alipay.calls(REFUND, reference(payment)) == 4
    assert books.kinds(payment["paymentId"]) == ["payment.settled"] + ["payment.refunded"] * 4


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"amount": "0"}, 400),
        ({"amount": "0.00"}, 400),
        ({"amount": "-1.00"}, 400),
        ({"amount": "0.001"}, 400),
        ({"amount": "NaN"}, 400),
        ({"amount": "10.00", "currency": "USD"}, 400),
        ({"amount": "100.01"}, 422),
        ({"amount": "1" + "0" * 60}, 422),
    ],
    ids=str,
)
def test_r2_what_cannot_be_refunded(
    shop: Shop, alipay: Alipay, books: Books, fields: dict[str, str], status: int
) -> None:
    payment = settled(shop, alipay)
    answer = shop.refund(payment["paymentId"], **fields)
    assert answer.status_code == status, answer.text
    assert answer.json().get("field") == ("currency" if "currency" in fields else "amount")
    assert alipay.calls(REFUND, reference(payment)) == 0
    assert books.sums(payment["paymentId"])["refund_reserved"] == 0
    assert shop.status(payment["paymentId"])["refunds"] == []


def test_r2_nothing_was_received(shop: Shop, alipay: Alipay) -> None:
    payment = shop.created(channel="WEB")
    assert shop.refund(payment["paymentId"]).status_code == 422
    assert shop.refund(payment["paymentId"], amount="0.01").status_code == 422
    assert alipay.calls(REFUND, reference(payment)) == 0


@pytest.mark.parametrize("amount", ["40.00", None], ids=["r3 exactly what is left", "r4 no amount"])
def test_r3_r4_the_rest(shop: Shop, alipay: Alipay, amount: str | None) -> None:
    payment = settled(shop, alipay)
    assert shop.refund(payment["paymentId"], amount="60.00").status_code == 201
    rest = shop.refund(payment["paymentId"], **({"amount": amount} if amount else {}))
    assert (rest.status_code, rest.json()["amount"], rest.json()["state"]) == (201, "40.00", "SUCCEEDED")
    after = shop.status(payment["paymentId"])
    assert (after["state"], after["amountRefunded"]) == ("REFUNDED", "100.00")
    assert alipay.order(reference(payment))["status"] == "TRADE_CLOSED"
    assert shop.refund(payment["paymentId"]).status_code == 422


@pytest.mark.parametrize("cure", ["the same key again", "resolve"])
@pytest.mark.parametrize("kind", ["timeout", "drop"], ids=["after the rail did it", "before the rail did it"])
def test_r5_no_answer_is_unknown(shop: Shop, app: App, books: Books, script: Alipay, kind: str, cure: str) -> None:
    payment = settled(shop, script)
    script.fault("withhold", method="callback", out_trade_no=reference(payment))
    script.fault(kind, method=REFUND, out_trade_no=reference(payment), seconds=0.2)
    key = new_key()
    first = shop.refund(payment["paymentId"], key=key, amount="60.00")
    refund = first.json()
    assert (first.status_code, refund["state"]) == (202, "UNKNOWN")
    assert books.sums(payment["paymentId"])["refund_reserved"] == 6000
    assert shop.refund(payment["paymentId"], amount="60.00").status_code == 422, "reserved money was given away"

    if cure == "resolve":
        books.due_now(payment["paymentId"])
        app.resolve(5)
    again = shop.refund(payment["paymentId"], key=key, amount="60.00")

    assert (again.status_code, again.json()["state"]) == (201, "SUCCEEDED")
    assert again.json()["refundId"] == refund["refundId"]
    at_rail = [(entry["out_request_no"], entry["amount"]) for entry in script.order(reference(payment))["refunds"]]
    assert at_rail == [(refund["refundId"].removeprefix("REF_"), 6000)]
    assert books.sums(payment["paymentId"]) == {
        "received": 10000,
        "refund_reserved": 0,
        "refunded": 6000,
        "refunded_outside": 0,
    }
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.refunded"]
    assert shop.refund(payment["paymentId"], key=key, amount="60.00").content == again.content


def test_r5_the_callback_knows_what_the_answer_did_not_tell(shop: Shop, books: Books, script: Alipay) -> None:
    payment = settled(shop, script)
    script.fault("timeout", method=REFUND, out_trade_no=reference(payment), seconds=0.2)
    answer = shop.refund(payment["paymentId"], amount="60.00")
    script.await_callbacks(reference(payment), 2)
    after = shop.await_state(payment["paymentId"], "PARTIALLY_REFUNDED")
    assert [(refund["refundId"], refund["state"]) for refund in after["refunds"]] == [
        (answer.json()["refundId"], "SUCCEEDED")
    ]
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.refunded"]


def test_r5_a_sweep_leaves_a_refund_alone_whose_request_still_runs(
    shop: Shop, app: App, books: Books, script: Alipay
) -> None:
    payment = settled(shop, script)
    script.fault("delay", method=REFUND, out_trade_no=reference(payment), seconds=1)
    due = "SELECT extract(epoch FROM next_query_at - created_at)::int FROM refunds WHERE payment_id = :id"

    def look() -> int:
        until(lambda: bool(books.run(due, id=payment["paymentId"])), "a refund was written")
        return int(books.run(due, id=payment["paymentId"])[0][0])

    answer, seconds = at_once(lambda: shop.refund(payment["paymentId"]), look)
    assert (answer.status_code, answer.json()["state"]) == (201, "SUCCEEDED")
    assert seconds > LONGEST_REQUEST_SECONDS
    [[rail_id]] = books.run("SELECT rail_id FROM refunds WHERE payment_id = :id", id=payment["paymentId"])
    assert rail_id == script.order(reference(payment))["trade_no"]


def test_r5_as_long_as_the_rail_cannot_tell_it_stays_unknown(
    shop: Shop, app: App, books: Books, script: Alipay
) -> None:
    payment = settled(shop, script)
    script.fault("drop", method=REFUND, out_trade_no=reference(payment))
    assert shop.refund(payment["paymentId"]).status_code == 202
    script.fault("system_error", method=REFUND_QUERY, out_trade_no=reference(payment), count=9)
    books.due_now(payment["paymentId"])
    app.resolve(5)
    [refund] = shop.status(payment["paymentId"])["refunds"]
    assert refund["state"] == "UNKNOWN"
    assert books.sums(payment["paymentId"])["refund_reserved"] == 10000
    [[is_planned]] = books.run("SELECT next_query_at > now() FROM refunds WHERE id = :id", id=refund["refundId"])
    assert is_planned


def test_r6_refused_for_good_frees_the_reserve(shop: Shop, books: Books, script: Alipay) -> None:
    payment = settled(shop, script)
    script.fault(
        "business_error", method=REFUND, out_trade_no=reference(payment), sub_code="ACQ.TRADE_NOT_ALLOW_REFUND"
    )
    key = new_key()
    refused = shop.refund(payment["paymentId"], key=key, amount="60.00")
    assert refused.status_code == 201
    assert (refused.json()["state"], refused.json()["failureReason"]) == ("FAILED", "ACQ.TRADE_NOT_ALLOW_REFUND")
    assert books.sums(payment["paymentId"])["refund_reserved"] == 0
    _, failed_event = books.events(payment["paymentId"])
    assert (failed_event["kind"], failed_event["sequence"]) == ("payment.refund_failed", 2)
    assert failed_event["refundId"] == refused.json()["refundId"]
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"

    assert shop.refund(payment["paymentId"], key=key, amount="60.00").content == refused.content
    assert shop.refund(payment["paymentId"]).json()["amount"] == "100.00"


def test_r6_the_rails_refund_period_is_over(shop: Shop, books: Books, alipay: Alipay) -> None:
    payment = settled(shop, alipay)
    alipay.do("finish", out_trade_no=reference(payment))
    refused = shop.refund(payment["paymentId"])
    assert (refused.json()["state"], refused.json()["failureReason"]) == ("FAILED", "ACQ.TRADE_HAS_FINISHED")
    assert books.sums(payment["paymentId"])["refund_reserved"] == 0


def test_r6_an_empty_account_is_no_refusal(shop: Shop, app: App, books: Books, script: Alipay) -> None:
    payment = settled(shop, script)
    script.fault(
        "business_error", method=REFUND, out_trade_no=reference(payment), sub_code="ACQ.SELLER_BALANCE_NOT_ENOUGH"
    )
    waiting = shop.refund(payment["paymentId"])
    assert (waiting.status_code, waiting.json()["state"]) == (201, "PENDING")
    assert books.sums(payment["paymentId"])["refund_reserved"] == 10000
    books.due_now(payment["paymentId"])
    app.resolve(5)
    assert shop.status(payment["paymentId"])["state"] == "REFUNDED"
    assert script.order(reference(payment))["refunded"] == 10000
