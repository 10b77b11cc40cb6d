"""L6 and L7: the rail did the work and said nothing; what is unknown is asked about, never tried a second time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pg8000
import pytest

from tests.support.at_once import at_once
from tests.support.shop import new_key, new_order, reference

if TYPE_CHECKING:
    from typing import Any

    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.passing import Passing
    from tests.support.shop import Shop

PRECREATE = "alipay.trade.precreate"


def attempts(books: Books, payment_id: str) -> list[list[Any]]:
    return books.run("SELECT number, reference, status FROM attempts WHERE payment_id = :id", id=payment_id)


def test_l6_a_rail_that_hangs_after_the_work_settles_once(
    shop: Shop, script: Alipay, books: Books, app: App, passing: Passing
) -> None:
    key, order_id = new_key(), new_order()
    script.fault("timeout", method=PRECREATE, seconds=15)
    unknown = shop.create(key=key, orderId=order_id)
    payment = unknown.json()
    assert (unknown.status_code, payment["state"], payment["action"]) == (202, "CREATED", None)
    assert script.order(reference(payment))["status"] == "NOT_SCANNED"
    code = script.order(reference(payment))["code"]

    passing.pause([payment["paymentId"]])
    app.resolve(10)

    known = shop.status(payment["paymentId"])
    assert (known["state"], known["action"]["type"]) == ("PENDING", "QR_CODE")
    assert known["action"]["content"].endswith(code)
    script.pay(known)
    shop.await_state(payment["paymentId"], "SETTLED")
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]
    assert attempts(books, payment["paymentId"]) == [[1, reference(payment), "DONE"]]
    again = shop.create(key=key, orderId=order_id)
    assert (again.status_code, again.json()["paymentId"]) == (201, payment["paymentId"])


def test_l6_paid_before_anybody_knew(shop: Shop, script: Alipay, books: Books, app: App, passing: Passing) -> None:
    """The callback is lost as well: the question alone finds the money."""
    script.fault("drop_after", method=PRECREATE)
    payment = shop.create().json()
    script.fault("withhold", method="callback", out_trade_no=reference(payment))
    script.do("pay", out_trade_no=reference(payment))

    for _ in range(2):
        passing.pause([payment["paymentId"]])
        app.resolve(10)

    settled = shop.status(payment["paymentId"])
    assert (settled["state"], settled["amountReceived"], settled["exceptions"]) == ("SETTLED", "100.00", [])
    assert books.states(payment["paymentId"]) == ["CREATED", "SETTLED"]
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]
    assert script.calls(PRECREATE, reference(payment)) == 1


@pytest.mark.parametrize("answer", ["drop", "system_error"])
def test_l6_a_question_without_answer_decides_nothing(
    shop: Shop, script: Alipay, books: Books, app: App, passing: Passing, answer: str
) -> None:
    script.fault("drop_after", method=PRECREATE)
    payment = shop.create().json()
    script.fault(answer, method="alipay.trade.query", out_trade_no=reference(payment), count=3)
    passing.pause([payment["paymentId"]])

    app.resolve(10)

    assert shop.status(payment["paymentId"])["state"] == "CREATED"
    assert books.kinds(payment["paymentId"]) == []
    script.clear_faults()
    passing.pause([payment["paymentId"]])
    app.resolve(10)
    assert shop.status(payment["paymentId"])["state"] == "PENDING"


def test_l7_no_second_attempt_while_one_is_unknown(
    shop: Shop, script: Alipay, books: Books, app: App, passing: Passing
) -> None:
    """Retries and sweeps all at once, again and again, while the rail loses every answer."""
    key, order_id = new_key(), new_order()
    script.fault("drop_after", method=PRECREATE, count=7)
    payment = shop.create(key=key, orderId=order_id).json()
    retry = partial(shop.create, key=key, orderId=order_id)

    for _ in range(3):
        passing.pause([payment["paymentId"]])
        answers = at_once(retry, retry, partial(app.resolve, 5))
        assert {answer.status_code for answer in answers[:2]} <= {201, 202, 409}
    script.clear_faults()
    passing.pause([payment["paymentId"]])
    app.resolve(5)

    assert [found[:2] for found in attempts(books, payment["paymentId"])] == [[1, reference(payment)]]
    assert books.run("SELECT id FROM payments WHERE order_id = :id", id=order_id) == [[payment["paymentId"]]]
    assert shop.status(payment["paymentId"])["state"] == "PENDING"
    assert shop.create(key=key, orderId=order_id).status_code == 201


def test_l7_the_database_takes_no_second_live_attempt(shop: Shop, script: Alipay, books: Books) -> None:
    script.fault("drop_after", method=PRECREATE)
    payment = shop.create().json()

    with pytest.raises(pg8000.exceptions.DatabaseError, match="attempts_live"):
        books.run(
            "INSERT INTO attempts (payment_id, number, rail, reference, status, rail_expires_at, created_at)"
            " SELECT payment_id, 2, rail, reference || 'X', 'STARTED', rail_expires_at, created_at"
            " FROM attempts WHERE payment_id = :id",
            id=payment["paymentId"],
        )
    assert attempts(books, payment["paymentId"]) == [[1, reference(payment), "UNKNOWN"]]
