"""E3, E4: what consumers read is what was committed, in the promised names and JSON types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.shop import reference
from tests.support.topics import Topics, headers

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.notification import Notifications
    from tests.support.passing import Passing
    from tests.support.shop import Shop

ADDED = {"eventId", "sequence", "currency", "amountExact", "exceptions"}


class Number(str):
    """A JSON number as it is written."""

    __slots__ = ()


@pytest.fixture(scope="session")
def topics(stack: Stack) -> Topics:
    return Topics(stack.kafka.bootstrap_servers)


def read(record: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(record.value, parse_float=Number, parse_int=Number)
    return document


def only(topics: Topics, topic: str, payment: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The one record of the payment on a topic, which `payments.events` carries too, byte for byte."""
    [record] = topics.records(topic, payment["paymentId"])
    assert record.value in [every.value for every in topics.records("payments.events", payment["paymentId"])]
    return read(record), headers(record)


@pytest.mark.parametrize("amount", ["100.00", "0.10", "1234567.89"])
def test_e3_settled(shop: Shop, app: App, topics: Topics, notified: Notifications, amount: str) -> None:
    created = shop.create(channel="WEB", amount=amount, userId=9007199254740993, orderId=f"订单 “{amount}” & ü")
    payment = created.json()
    assert notified.post(notified.body(payment)).text == "success"
    app.relay(5)

    event, head = only(topics, "payments.settled", payment)
    committed = shop.status(payment["paymentId"])
    assert {name: event[name] for name in event if name not in ADDED} == {
        "paymentId": payment["paymentId"],
        "orderId": payment["orderId"],
        "userId": Number("9007199254740993"),
        "amount": Number(amount),
        "method": "ALIPAY",
        "settledAt": committed["settledAt"],
        "requestId": created.headers["X-Request-Id"],
    }
    assert all(isinstance(event[name], Number) for name in ("userId", "amount", "sequence"))
    assert not any(isinstance(event[name], Number) for name in ("paymentId", "orderId", "requestId", "amountExact"))
    assert event.keys() >= ADDED
    assert (event["amountExact"], event["currency"], event["exceptions"]) == (amount, "CNY", [])
    assert committed["state"] == "SETTLED"
    assert head == {
        "event-id": event["eventId"],
        "event-type": "payment.settled",
        "schema-version": "1",
        "request-id": created.headers["X-Request-Id"],
    }


@pytest.mark.parametrize("reason", ["CANCELLED", "EXPIRED", "ACQ.ACCESS_FORBIDDEN"])
def test_e3_failed(
    shop: Shop, app: App, books: Books, passing: Passing, topics: Topics, script: Alipay, reason: str
) -> None:
    if reason.startswith("ACQ."):
        script.fault("business_error", method="alipay.trade.precreate", sub_code=reason)
    created = shop.create()
    payment = created.json()
    if reason == "CANCELLED":
        assert shop.cancel(payment["paymentId"]).status_code == 200
    elif reason == "EXPIRED":
        passing.window([payment["paymentId"]])
        app.expire(5)
    app.relay(5)

    event, head = only(topics, "payments.failed", payment)
    committed = shop.status(payment["paymentId"])
    assert {name: event[name] for name in event if name not in ADDED} == {
        "paymentId": payment["paymentId"],
        "orderId": payment["orderId"],
        "userId": Number("1"),
        "amount": Number("100.00"),
        "method": "ALIPAY",
        "reason": committed["failureReason"],
        "failedAt": committed["timeline"][-1]["at"],
        "requestId": created.headers["X-Request-Id"],
    }
    assert (event["reason"], head["event-type"]) == (reason, "payment.failed")
    assert committed["state"] == ("FAILED" if reason.startswith("ACQ.") else reason)


def test_e3_late_money_follows_the_failure(shop: Shop, app: App, topics: Topics, notified: Notifications) -> None:
    payment = shop.created(channel="WEB")
    assert shop.cancel(payment["paymentId"]).status_code == 200
    assert notified.post(notified.body(payment)).text == "success"
    app.relay(5)
    events = [read(record) for record in topics.records("payments.events", payment["paymentId"])]
    assert [(event["sequence"], event["exceptions"]) for event in events] == [("1", []), ("2", ["LATE"])]
    assert shop.status(payment["paymentId"])["exceptions"] == ["LATE"]


def test_e3_nothing_is_told_of_what_was_rolled_back(
    shop: Shop, app: App, books: Books, topics: Topics, notified: Notifications
) -> None:
    payment = shop.created(channel="WEB")
    body = notified.body(payment)
    with books.broken(payment["paymentId"]):
        assert notified.post(body).status_code == 500
        app.relay(5)
    assert notified.post(body).text == "success"
    app.relay(5)
    [event] = [read(record) for record in topics.records("payments.events", payment["paymentId"])]
    assert event["settledAt"] == shop.status(payment["paymentId"])["settledAt"]


def test_e4_each_partial_refund_has_its_own_event(shop: Shop, app: App, topics: Topics, alipay: Alipay) -> None:
    payment = shop.created(channel="WEB")
    alipay.pay(payment)
    shop.await_state(payment["paymentId"], "SETTLED")
    refunds = [shop.refund(payment["paymentId"], amount=amount).json() for amount in ("30.00", "20.00", "50.00")]
    alipay.await_callbacks(reference(payment), 4)
    app.relay(5)

    events = [read(record) for record in topics.records("payments.refunded", payment["paymentId"])]
    told = [(event["refundId"], event["refundAmountExact"], event["amountRefundedExact"]) for event in events]
    assert told == [
        (refunds[0]["refundId"], "30.00", "30.00"),
        (refunds[1]["refundId"], "20.00", "50.00"),
        (refunds[2]["refundId"], "50.00", "100.00"),
    ]
    assert [event["state"] for event in events] == ["PARTIALLY_REFUNDED", "PARTIALLY_REFUNDED", "REFUNDED"]
    assert len({event["eventId"] for event in events}) == 3
    everything = topics.records("payments.events", payment["paymentId"])
    assert [read(record)["sequence"] for record in everything] == ["1", "2", "3", "4"]
