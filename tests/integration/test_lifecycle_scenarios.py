"""L1 to L3 and L8: expiry against money, late money, and one order paid twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.at_once import at_once
from tests.support.shop import new_order, reference

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.notification import Notifications
    from tests.support.passing import Passing
    from tests.support.shop import Shop

EXPIRED_ONLY = ["payment.failed"]
SETTLED_ONLY = ["payment.settled"]
LATE = ["payment.failed", "payment.settled"]


LEADS_MS = (-500, -30, -15, -8, -4, -2, 0, 0, 2, 4, 8, 15, 30, 500)
"""How long before the payer the sweep begins; a payer who comes too late may find the rail's order closed."""


def race(
    shop: Shop, alipay: Alipay, app: App, passing: Passing, lead_ms: int, *, is_scanned: bool
) -> dict[str, Any]:
    payment = shop.created()
    if is_scanned:
        alipay.do("scan", out_trade_no=reference(payment))
    passing.window([payment["paymentId"]])

    def sweep() -> None:
        time.sleep(max(-lead_ms, 0) / 1000)
        app.expire(10)

    def pay() -> None:
        time.sleep(max(lead_ms, 0) / 1000)
        requests.post(f"{alipay.url}/_sandbox/alipay/pay", json={"action": payment["action"]}, timeout=30)

    at_once(sweep, pay)
    return payment


@pytest.mark.parametrize("scanned", [False, True], ids=["not scanned", "scanned"])
def test_l1_expiry_races_the_payer(
    shop: Shop, alipay: Alipay, books: Books, app: App, passing: Passing, *, scanned: bool
) -> None:
    payments = [race(shop, alipay, app, passing, lead, is_scanned=scanned) for lead in LEADS_MS]

    ledger = alipay.see("ledger")["orders"]
    ends = set()
    for payment in payments:
        payment_id = payment["paymentId"]
        is_paid = ledger[reference(payment)]["paid"] == 10_000
        row = shop.await_state(payment_id, "SETTLED") if is_paid else shop.status(payment_id)
        assert row["state"] == ("SETTLED" if is_paid else "EXPIRED")
        assert row["amountReceived"] == ("100.00" if is_paid else "0.00")
        kinds = EXPIRED_ONLY if not is_paid else LATE if row["exceptions"] else SETTLED_ONLY
        events = books.events(payment_id)
        assert [(event["kind"], event["sequence"]) for event in events] == list(zip(kinds, (1, 2), strict=False))
        assert events[-1].get("exceptions", []) == row["exceptions"]
        states = {"payment.failed": "EXPIRED", "payment.settled": "SETTLED"}
        assert books.states(payment_id) == ["CREATED", "PENDING", *(states[kind] for kind in kinds)]
        ends.add((row["state"], *row["exceptions"]))
    assert ends == {("SETTLED",), ("EXPIRED",) if scanned else ("SETTLED", "LATE")}


def await_that(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < give_up_at, "waited in vain"
        time.sleep(0.01)


def test_l1_both_have_read_the_row_before_either_writes(
    shop: Shop, script: Alipay, books: Books, app: App, passing: Passing
) -> None:
    """The row is locked until expiry and callback both stand before it with what they made of the same version."""
    payment = shop.created()
    script.fault("delay", method="alipay.trade.close", out_trade_no=reference(payment), seconds=1.5)
    passing.window([payment["paymentId"]])

    def waiting() -> int:
        with books.postgres.admin("paygate") as superuser:
            return superuser.run("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")[0][0]

    with books.postgres.admin("paygate") as admin, ThreadPoolExecutor(1) as pool:
        sweep = pool.submit(app.expire, 10)
        await_that(lambda: script.calls("alipay.trade.close", reference(payment)) == 1)
        admin.run("BEGIN")
        admin.run("SELECT FROM payments WHERE id = :id FOR NO KEY UPDATE", id=payment["paymentId"])
        await_that(lambda: waiting() >= 1)
        script.pay(payment)
        await_that(lambda: waiting() >= 2)
        admin.run("COMMIT")
        sweep.result()

    settled = shop.await_state(payment["paymentId"], "SETTLED")
    kinds = LATE if settled["exceptions"] else SETTLED_ONLY
    assert settled["exceptions"] in ([], ["LATE"])
    events = [(event["kind"], event["sequence"]) for event in books.events(payment["paymentId"])]
    assert events == list(zip(kinds, (1, 2), strict=False))


def test_l2_expiry_closes_the_order_at_the_rail(
    shop: Shop, alipay: Alipay, books: Books, app: App, passing: Passing
) -> None:
    payment = shop.created()
    alipay.do("scan", out_trade_no=reference(payment))
    passing.window([payment["paymentId"]])

    app.expire(10)

    expired = shop.status(payment["paymentId"])
    assert (expired["state"], expired["failureReason"], expired["action"]) == ("EXPIRED", "EXPIRED", None)
    assert alipay.order(reference(payment))["status"] == "TRADE_CLOSED"
    assert (
        requests.post(
            f"{alipay.url}/_sandbox/alipay/pay", json={"action": payment["action"]}, timeout=30
        ).status_code
        == 409
    )
    [event] = books.events(payment["paymentId"])
    assert (event["kind"], event["reason"]) == ("payment.failed", "EXPIRED")


def test_l2_already_paid_settles_instead(
    shop: Shop, script: Alipay, books: Books, app: App, passing: Passing
) -> None:
    payment = shop.created()
    script.fault("withhold", method="callback", out_trade_no=reference(payment))
    script.pay(payment)
    passing.window([payment["paymentId"]])

    app.expire(10)

    settled = shop.status(payment["paymentId"])
    assert (settled["state"], settled["exceptions"]) == ("SETTLED", [])
    assert books.kinds(payment["paymentId"]) == SETTLED_ONLY


@pytest.mark.parametrize("kind", ["drop", "drop_after", "system_error"])
def test_l2_without_the_rails_word_nothing_expires(
    shop: Shop, script: Alipay, books: Books, app: App, passing: Passing, kind: str
) -> None:
    payment = shop.created()
    script.do("scan", out_trade_no=reference(payment))
    script.fault(kind, method="alipay.trade.close", out_trade_no=reference(payment))
    passing.window([payment["paymentId"]])

    app.expire(10)
    if kind == "drop_after":  # it is closed there, and its callback may be here already
        shop.await_state(payment["paymentId"], "EXPIRED")
    else:
        assert shop.status(payment["paymentId"])["state"] == "PENDING"
    books.run("UPDATE payments SET expiry_leased_until = NULL WHERE id = :id", id=payment["paymentId"])
    app.expire(10)

    assert shop.status(payment["paymentId"])["state"] == "EXPIRED"
    assert books.kinds(payment["paymentId"]) == EXPIRED_ONLY


def _by_callback(shop: Shop, _: App, payment_id: str) -> dict[str, Any]:
    return shop.await_state(payment_id, "SETTLED")


def _by_asking(shop: Shop, _: App, payment_id: str) -> dict[str, Any]:
    return shop.status(payment_id, refresh="true")


@pytest.mark.parametrize("gone", ["EXPIRED", "CANCELLED", "FAILED"])
@pytest.mark.parametrize("hear", [_by_callback, _by_asking])
def test_l3_late_money_is_money(
    shop: Shop, script: Alipay, books: Books, app: App, passing: Passing, gone: str, hear: Callable[..., Any]
) -> None:
    payment = shop.created()
    payment_id = payment["paymentId"]
    if gone == "EXPIRED":
        passing.window([payment_id])
        app.expire(10)
    elif gone == "CANCELLED":
        assert shop.cancel(payment_id).status_code == 200
    else:
        books.run(
            "WITH failed AS (UPDATE payments SET state = 'FAILED', failure_reason = 'test', sequence = 1,"
            " version = version + 1 WHERE id = :id RETURNING id, version)"
            " INSERT INTO timeline SELECT id, version, 'PENDING', 'FAILED', 'test', now() FROM failed",
            id=payment_id,
        )
    assert shop.status(payment_id)["state"] == gone

    if hear is _by_asking:
        script.fault("withhold", method="callback", out_trade_no=reference(payment))
    script.pay(payment)
    late = hear(shop, app, payment_id)

    assert (late["state"], late["exceptions"], late["failureReason"]) == ("SETTLED", ["LATE"], None)
    assert (late["amountReceived"], late["settledAt"] is not None) == ("100.00", True)
    event = books.events(payment_id)[-1]
    assert (event["kind"], event["exceptions"], event["sequence"]) == ("payment.settled", ["LATE"], 2)
    assert shop.refund(payment_id).json()["state"] == "SUCCEEDED"


def assert_one_is_the_duplicate(shop: Shop, books: Books, pair: list[dict[str, Any]]) -> str:
    found = [shop.await_state(payment["paymentId"], "SETTLED") for payment in pair]
    assert [payment["amountReceived"] for payment in found] == ["100.00", "100.00"]
    assert sorted(payment["exceptions"] for payment in found) == [[], ["DUPLICATE"]]
    for payment in found:
        [event] = books.events(payment["paymentId"])
        assert (event["kind"], event["exceptions"]) == ("payment.settled", payment["exceptions"])
    [second] = [payment["paymentId"] for payment in found if payment["exceptions"]]
    return second


def test_l8_one_order_paid_twice_at_the_same_instant(shop: Shop, alipay: Alipay, books: Books) -> None:
    for _ in range(8):
        order_id = new_order()
        pair = [shop.created(orderId=order_id, channel=channel) for channel in ("QR", "WEB")]

        at_once(*(partial(alipay.pay, payment) for payment in pair))

        duplicate = assert_one_is_the_duplicate(shop, books, pair)
    refund = shop.refund(duplicate)
    assert (refund.status_code, refund.json()["state"]) == (201, "SUCCEEDED")
    assert shop.status(duplicate)["state"] == "REFUNDED"


def test_l8_both_settle_in_the_same_instant_of_postgresql(
    shop: Shop, script: Alipay, books: Books, app: App
) -> None:
    """No callbacks here: both are asked for by threads that were let go together, three orders at a time."""
    for _ in range(4):
        order_ids = [new_order() for _ in range(3)]
        pairs = [[shop.created(orderId=order_id, channel="WEB") for _ in range(2)] for order_id in order_ids]
        for payment in chain(*pairs):
            script.fault("withhold", method="callback", out_trade_no=reference(payment))
            script.pay(payment)

        ask = partial(app.payments.get_payment_status, refresh=True)
        at_once(*(partial(ask, payment["paymentId"]) for payment in chain(*pairs)))

        for pair in pairs:
            assert_one_is_the_duplicate(shop, books, pair)


def test_l2_a_rail_that_expires_to_the_second_expires_the_payment(
    shop: Shop, books: Books, notified: Notifications
) -> None:
    """Alipay's expiry has whole seconds, so its trade closes up to a second before ours: nobody cancelled."""
    payment = shop.created()
    books.run("UPDATE payments SET expires_at = now() + interval '0.9 s' WHERE id = :id", id=payment["paymentId"])
    assert notified.post(notified.body(payment, trade_status="TRADE_CLOSED")).text == "success"
    assert shop.status(payment["paymentId"])["state"] == "EXPIRED"


def test_a_trade_that_the_merchant_closes_at_the_rail_is_cancelled(shop: Shop, notified: Notifications) -> None:
    payment = shop.created()
    assert notified.post(notified.body(payment, trade_status="TRADE_CLOSED")).text == "success"
    assert shop.status(payment["paymentId"])["state"] == "CANCELLED"
