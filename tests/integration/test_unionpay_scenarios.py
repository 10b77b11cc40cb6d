"""What only UnionPay does: signers that prove themselves, voids before refunds, orders that nobody can close."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests

from paygate.adapters.rails.unionpay.rail import UnionPayRail
from tests.support.rails import RailSandbox, rail_sandboxes
from tests.support.shop import reference
from tests.support.unionpay import pay_in_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.books import Books
    from tests.support.passing import Passing
    from tests.support.shop import Shop

BEIJING = timezone(timedelta(hours=8))


@pytest.fixture
def unionpay(stack: Stack) -> Iterator[RailSandbox]:
    sandbox = rail_sandboxes(stack.sandbox.url)["unionpay"]
    yield sandbox
    sandbox.clear_faults()


def id_of(payment: dict[str, Any]) -> str:
    found: str = payment["paymentId"]
    return found


def post_callback(shop: Shop, fields: dict[str, str]) -> requests.Response:
    return requests.post(f"{shop.url}/webhooks/unionpay", data=fields, timeout=30)


def returns(unionpay: RailSandbox, payment: dict[str, Any]) -> list[tuple[str, str]]:
    """Kind and state of each void and refund of the payment at the rail."""
    found = unionpay.see(f"orders/{reference(payment)}")["refunds"]
    return [(one["kind"], one["status"]) for one in found]


def go_on(books: Books, app: App, payment: dict[str, Any]) -> None:
    books.due_now(id_of(payment))
    app.resolve(5)


# ---------------------------------------------------------------- callbacks


@pytest.mark.parametrize("signer", ["merchant", "lookalike", "foreign", "expired"])
def test_w10_a_signer_that_is_not_unionpay(
    shop: Shop, books: Books, app: App, unionpay: RailSandbox, signer: str
) -> None:
    payment = unionpay.created(shop)
    unionpay.fault(payment, "signer", signer=signer, count=9)
    unionpay.pay(payment)
    told = unionpay.await_callbacks(payment)
    assert told[0]["sends"][0]["status"] == 400
    assert shop.status(id_of(payment))["state"] == "PENDING"
    go_on(books, app, payment)  # what UnionPay answers to us is signed by itself
    assert shop.status(id_of(payment))["state"] == "SETTLED"


def test_w10_empty_fields_are_no_part_of_what_is_signed(shop: Shop, unionpay: RailSandbox) -> None:
    payment = unionpay.created(shop)
    unionpay.fault(payment, "empty_fields")
    unionpay.pay(payment)
    shop.await_state(id_of(payment), "SETTLED")


def test_w12_what_the_browser_brings_back_is_unionpays_word(
    shop: Shop, books: Books, unionpay: RailSandbox
) -> None:
    """Front and back notification cannot be told apart, and need not be: one that was changed is refused, and one
    that stands as it was signed counts, once.
    """
    payment = unionpay.created(shop)
    unionpay.fault(payment, "withhold")
    _, fields = pay_in_browser(payment)
    for change in ({"txnAmt": "1"}, {"orderId": "ANOTHER0"}, {"signature": ""}, {"paymentId": id_of(payment)}):
        assert post_callback(shop, fields | change).status_code == 400
    assert shop.status(id_of(payment))["state"] == "PENDING"
    for _ in range(2):
        assert post_callback(shop, fields).status_code == 200
    assert shop.status(id_of(payment))["state"] == "SETTLED"
    assert books.kinds(id_of(payment)) == ["payment.settled"]


def test_w12_the_form_that_we_signed_is_refused(shop: Shop, unionpay: RailSandbox) -> None:
    payment = unionpay.created(shop)
    fields = payment["action"]["fields"]
    for posted in (fields, fields | {"respCode": "00", "queryId": "1", "settleAmt": "10000"}):
        assert post_callback(shop, posted).status_code == 400
    assert shop.status(id_of(payment))["state"] == "PENDING"


@pytest.mark.parametrize(
    ("kind", "options", "case"),
    [
        ("wrong_settle_amount", {}, "OTHER_SETTLED_AMOUNT"),
        ("wrong_merchant", {}, "OTHER_MERCHANT"),
        ("override", {"fields": {"respCode": "A6"}}, "OTHER_RESULT_A6"),
    ],
)
def test_w7_what_does_not_fit_is_for_an_operator(
    shop: Shop, books: Books, unionpay: RailSandbox, kind: str, options: dict[str, Any], case: str
) -> None:
    payment = unionpay.created(shop)
    unionpay.fault(payment, kind, **options)
    unionpay.pay(payment)
    assert unionpay.await_callbacks(payment)[0]["sends"][0]["status"] == 200
    assert shop.status(id_of(payment))["state"] == "PENDING"
    assert books.cases(reference(payment)) == [case]


# ---------------------------------------------------------------- on the way


def test_a_card_that_fails_leaves_the_payment_open_for_another(
    shop: Shop, books: Books, app: App, unionpay: RailSandbox
) -> None:
    payment = unionpay.created(shop)
    unionpay.pay(payment, "decline")
    go_on(books, app, payment)
    assert shop.status(id_of(payment))["state"] == "PENDING"
    unionpay.pay(payment)
    shop.await_state(id_of(payment), "SETTLED")


def test_money_on_its_way_is_waited_for(shop: Shop, books: Books, app: App, unionpay: RailSandbox) -> None:
    payment = unionpay.created(shop)
    unionpay.do("outcome", order_id=reference(payment), resp_code="03")
    unionpay.pay(payment)
    go_on(books, app, payment)
    assert shop.status(id_of(payment))["state"] == "CONFIRMING"
    unionpay.fault(payment, "withhold")
    unionpay.do("finish", order_id=reference(payment))
    go_on(books, app, payment)
    assert shop.status(id_of(payment))["state"] == "SETTLED"


def test_a_flawed_success_settles_nothing_and_fails_nothing(
    shop: Shop, books: Books, app: App, passing: Passing, unionpay: RailSandbox
) -> None:
    payment = unionpay.created(shop)
    unionpay.do("outcome", order_id=reference(payment), resp_code="A6", settle_amt=1)
    unionpay.pay(payment)
    unionpay.await_callbacks(payment)
    passing.window([id_of(payment)])
    app.expire(5)
    assert shop.status(id_of(payment))["state"] == "PENDING"
    assert books.cases(reference(payment)) == ["OTHER_RESULT_A6"]


# ---------------------------------------------------------------- the end of an order


def expire_everywhere(books: Books, app: App, passing: Passing, payment: dict[str, Any]) -> None:
    """The rail's own expiry is over as well, by our clock."""
    passing.window([id_of(payment)])
    books.run(
        "UPDATE attempts SET rail_expires_at = now() - interval '60 s' WHERE payment_id = :id", id=id_of(payment)
    )
    app.expire(5)


def test_an_order_that_nobody_began_expires(
    shop: Shop, books: Books, app: App, passing: Passing, unionpay: RailSandbox
) -> None:
    payment = unionpay.created(shop)
    expire_everywhere(books, app, passing, payment)
    assert shop.status(id_of(payment))["state"] == "EXPIRED"
    assert unionpay.calls(payment) == 1  # the final question, and no more


def test_before_the_rails_own_expiry_nothing_expires(
    shop: Shop, app: App, passing: Passing, unionpay: RailSandbox
) -> None:
    payment = unionpay.created(shop)
    passing.window([id_of(payment)])
    app.expire(5)
    assert shop.status(id_of(payment))["state"] == "PENDING"


def test_l2_what_was_paid_by_the_end_settles(
    shop: Shop, books: Books, app: App, passing: Passing, unionpay: RailSandbox
) -> None:
    payment = unionpay.created(shop)
    unionpay.fault(payment, "withhold")
    unionpay.pay(payment)
    expire_everywhere(books, app, passing, payment)
    assert shop.status(id_of(payment))["state"] == "SETTLED"


def test_a_failed_card_is_the_end_only_when_time_is_up(
    shop: Shop, books: Books, app: App, passing: Passing, unionpay: RailSandbox
) -> None:
    payment = unionpay.created(shop)
    unionpay.pay(payment, "decline")
    expire_everywhere(books, app, passing, payment)
    found = shop.status(id_of(payment))
    assert (found["state"], found["failureReason"]) == ("FAILED", "64")


def test_l3_a_cancelled_order_that_is_paid_settles_late(shop: Shop, books: Books, unionpay: RailSandbox) -> None:
    payment = unionpay.created(shop)
    assert shop.cancel(id_of(payment)).status_code == 200
    unionpay.pay(payment)
    settled = shop.await_state(id_of(payment), "SETTLED")
    assert settled["exceptions"] == ["LATE"]
    assert books.kinds(id_of(payment)) == ["payment.failed", "payment.settled"]


def test_a_cancelled_order_that_a_payer_has_before_him_is_asked_about_and_no_more(
    shop: Shop, books: Books, app: App, unionpay: RailSandbox
) -> None:
    payment = unionpay.created(shop)
    requests.post(payment["action"]["url"], data=payment["action"]["fields"], timeout=30)
    unionpay.do("begin", order_id=reference(payment))
    assert shop.cancel(id_of(payment)).status_code == 200
    before = unionpay.calls(payment)
    go_on(books, app, payment)
    app.resolve(5)
    assert unionpay.calls(payment) == before + 1
    [[seconds]] = books.run(
        "SELECT extract(epoch FROM next_query_at - created_at) FROM attempts WHERE payment_id = :id",
        id=id_of(payment),
    )
    assert round(seconds) == UnionPayRail.query_schedule[0]


# ---------------------------------------------------------------- giving back


@pytest.fixture
def is_void_day() -> None:
    """A payment and a refund made within seconds are of one settlement day, unless it is 23:00 in Beijing."""
    if datetime.now(BEIJING).hour == 22 and datetime.now(BEIJING).minute == 59:
        pytest.skip("the settlement day is about to change")


@pytest.mark.usefixtures("is_void_day")
def test_all_of_it_on_the_same_day_is_voided(shop: Shop, unionpay: RailSandbox) -> None:
    payment = unionpay.settled(shop)
    assert shop.refund(id_of(payment)).json()["state"] == "SUCCEEDED"
    assert shop.status(id_of(payment))["state"] == "REFUNDED"
    assert returns(unionpay, payment) == [("void", "DONE")]


def test_a_part_of_it_is_refunded(shop: Shop, unionpay: RailSandbox) -> None:
    payment = unionpay.settled(shop)
    assert shop.refund(id_of(payment), amount="30.00").json()["state"] == "SUCCEEDED"
    assert returns(unionpay, payment) == [("refund", "DONE")]


@pytest.mark.usefixtures("is_void_day")
def test_a_void_that_the_bank_declines_is_refunded_instead(shop: Shop, books: Books, unionpay: RailSandbox) -> None:
    payment = unionpay.settled(shop)
    unionpay.do("outcome", order_id="*", resp_code="62")
    assert shop.refund(id_of(payment)).json()["state"] == "SUCCEEDED"
    assert returns(unionpay, payment) == [("void", "FAILED"), ("refund", "DONE")]
    assert books.sums(id_of(payment)) == {
        "received": 10000,
        "refund_reserved": 0,
        "refunded": 10000,
        "refunded_outside": 0,
    }


@pytest.mark.usefixtures("is_void_day")
@pytest.mark.parametrize("kind", ["drop", "drop_after"])
def test_r5_a_void_without_an_answer_is_made_once(
    shop: Shop, books: Books, app: App, unionpay: RailSandbox, kind: str
) -> None:
    payment = unionpay.settled(shop)
    unionpay.do("faults", kind=kind, method="void", order_id="*")
    answer = shop.refund(id_of(payment))
    assert (answer.status_code, answer.json()["state"]) == (202, "UNKNOWN")
    go_on(books, app, payment)
    assert shop.status(id_of(payment))["state"] == "REFUNDED"
    assert returns(unionpay, payment) == [("void", "DONE")]
    assert books.kinds(id_of(payment)) == ["payment.settled", "payment.refunded"]


@pytest.mark.parametrize("ends", ["told", "asked"])
def test_a_refund_under_way_is_pending_until_it_is_done(
    shop: Shop, books: Books, app: App, unionpay: RailSandbox, ends: str
) -> None:
    payment = unionpay.settled(shop)
    unionpay.do("outcome", order_id="*", resp_code="05")
    refund = shop.refund(id_of(payment), amount="30.00").json()
    assert refund["state"] == "PENDING"
    number = refund["refundId"].removeprefix("REF_")
    if ends == "asked":
        unionpay.do("faults", kind="withhold", method="callback", order_id=number)
    unionpay.do("finish", order_id=number)
    if ends == "asked":
        go_on(books, app, payment)
    assert shop.await_state(id_of(payment), "PARTIALLY_REFUNDED")["amountRefunded"] == "30.00"
    assert books.kinds(id_of(payment)) == ["payment.settled", "payment.refunded"]


def test_r6_a_refund_that_fails_gives_the_reserve_back(shop: Shop, books: Books, unionpay: RailSandbox) -> None:
    payment = unionpay.settled(shop)
    unionpay.do("outcome", order_id="*", resp_code="62")
    refund = shop.refund(id_of(payment), amount="30.00").json()
    assert (refund["state"], refund["failureReason"]) == ("FAILED", "62")
    assert books.sums(id_of(payment))["refund_reserved"] == 0
    assert shop.refund(id_of(payment), amount="100.00").json()["state"] == "SUCCEEDED"


def test_r7_a_refund_that_another_program_of_the_shop_made(
    shop: Shop, stack: Stack, books: Books, unionpay: RailSandbox
) -> None:
    """It names the payment by UnionPay's number alone, and counts once however often it is told."""
    payment = unionpay.settled(shop)
    traces = {
        "queryId": "912611220000000000001",
        "traceNo": "000001",
        "traceTime": "1122200000",
        "settleAmt": "1000",
    }
    fields = {
        "orderId": f"OTHER{reference(payment)}",
        "txnTime": "20261122200000",
        "txnType": "04",
        "txnSubType": "00",
        "txnAmt": "1000",
        "currencyCode": "156",
        "origQryId": unionpay.see(f"orders/{reference(payment)}")["query_id"],
        "respCode": "00",
        **traces,
    }
    for _ in range(2):
        answer = unionpay.do("callbacks", url=f"{stack.gateway.url}/webhooks/unionpay", fields=fields)
        assert answer["status"] == 200
    found = shop.status(id_of(payment))
    assert (found["state"], found["amountRefunded"]) == ("PARTIALLY_REFUNDED", "10.00")
    assert books.sums(id_of(payment))["refunded_outside"] == 1000
    assert books.cases(reference(payment)) == ["REFUNDED_AT_THE_RAIL"]
