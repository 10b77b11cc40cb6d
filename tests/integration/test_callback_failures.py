"""W4: what could not be applied at first is kept, and applied by the rail's repeat or by `resolve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.http_support import Context, event
from webhook.app import api

if TYPE_CHECKING:
    from paygate.bootstrap import App
    from tests.support.books import Books
    from tests.support.notification import Notifications
    from tests.support.shop import Shop

UNTOUCHED = ["CREATED", "PENDING"]


class ShortOfTime(Context):
    """An invocation whose outside calls may take one second."""

    def get_remaining_time_in_millis(self) -> int:
        return 3000


@pytest.mark.parametrize("cure", ["the rail's repeat", "resolve"])
def test_w4_another_transaction_holds_the_row(
    shop: Shop, app: App, books: Books, notified: Notifications, cure: str
) -> None:
    payment = shop.created(channel="WEB")
    body = notified.body(payment)
    with books.locked(payment["paymentId"]):
        kept = api.on(lambda: app)(event("POST", "/webhooks/alipay", body=body), ShortOfTime())
        assert (kept["statusCode"], kept["body"]) == (200, "success")
        assert books.outcomes(body) == [None]
        assert books.states(payment["paymentId"]) == UNTOUCHED

    _apply_again(app, books, notified, body, payment["paymentId"], cure)
    assert books.states(payment["paymentId"]) == [*UNTOUCHED, "SETTLED"]
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]
    assert books.outcomes(body) == ["settled"]


@pytest.mark.parametrize("cure", ["the rail's repeat", "resolve"])
def test_w4_postgresql_fails_while_applying(
    shop: Shop, app: App, books: Books, notified: Notifications, cure: str
) -> None:
    payment = shop.created(channel="WEB")
    body = notified.body(payment)
    with books.broken(payment["paymentId"]):
        assert notified.post(body).status_code == 500, "the rail must send it again"
        assert books.outcomes(body) == [None]
        assert books.states(payment["paymentId"]) == UNTOUCHED
        assert books.kinds(payment["paymentId"]) == [], "an event of a state that was never committed"

    _apply_again(app, books, notified, body, payment["paymentId"], cure)
    assert books.states(payment["paymentId"]) == [*UNTOUCHED, "SETTLED"]
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]


def test_w4_one_that_cannot_be_applied_holds_back_no_other(
    shop: Shop, app: App, books: Books, notified: Notifications
) -> None:
    first, second, unseen = (shop.created(channel="WEB") for _ in range(3))
    with books.broken(first["paymentId"]):
        with books.broken(second["paymentId"]):
            for payment in (first, second):
                assert notified.post(notified.body(payment)).status_code == 500
        books.due_now(unseen["paymentId"])
        report = app.resolve(5)
        assert report.put_off >= 1
        assert books.states(first["paymentId"]) == UNTOUCHED
        assert books.states(second["paymentId"]) == [*UNTOUCHED, "SETTLED"]
        assert report.attempts >= 1, "the sweep ended before it came to the attempts"

    books.due_now(first["paymentId"])
    app.resolve(5)
    assert books.states(first["paymentId"]) == [*UNTOUCHED, "SETTLED"]


def test_w4_one_that_fails_for_months_holds_back_no_other(
    shop: Shop, app: App, books: Books, notified: Notifications
) -> None:
    stuck, other = (shop.created(channel="WEB") for _ in range(2))
    bodies = {payment["paymentId"]: notified.body(payment) for payment in (stuck, other)}
    with books.broken(stuck["paymentId"]), books.broken(other["paymentId"]):
        for body in bodies.values():
            assert notified.post(body).status_code == 500
    books.run(
        "UPDATE callback_queue SET tries = 5000 FROM callback_inbox WHERE id = callback_id AND body = :body",
        body=bodies[stuck["paymentId"]],
    )
    with books.broken(stuck["paymentId"]):
        books.due_now(stuck["paymentId"])
        app.resolve(5)
    assert books.states(other["paymentId"]) == [*UNTOUCHED, "SETTLED"]

    books.due_now(stuck["paymentId"])
    app.resolve(5)
    assert books.states(stuck["paymentId"]) == [*UNTOUCHED, "SETTLED"]


def _apply_again(app: App, books: Books, notified: Notifications, body: bytes, payment_id: str, cure: str) -> None:
    if cure == "resolve":
        app.resolve(5)
        assert books.states(payment_id) == UNTOUCHED, "taken up before whoever holds it has had its time"
        books.due_now(payment_id)
        app.resolve(5)
    else:
        assert notified.post(body).text == "success"
