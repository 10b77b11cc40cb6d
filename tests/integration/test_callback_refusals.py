"""Callbacks that are not Alipay's, not for us, or do not fit what was ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.notification import Notifications
from tests.support.shop import new_order, reference

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.shop import Shop

REFUSED = (400, "failure")
UNTOUCHED = ["CREATED", "PENDING"]


def forged(notified: Notifications, payment: dict[str, str]) -> dict[str, bytes]:
    stranger = rsa.generate_private_key(65537, 2048)
    good = notified.body(payment)
    unsigned, _, signature = good.rpartition(b"&sign=")
    return {
        "no signature": unsigned,
        "an empty signature": unsigned + b"&sign=",
        "no base64": unsigned + b"&sign=%F0%9F%92%A9",
        "another's signature": notified.body(payment, total_amount="1.00")
        .rpartition(b"&sign=")[2]
        .join([unsigned + b"&sign=", b""]),
        "a stranger's key": Notifications("", stranger, notified.app_id, notified.seller_id).body(payment),
        "other bytes": good.replace(b"100.00", b"100.01"),
        "one more field": b"added=1&" + good,
        "a field twice": good + b"&out_trade_no=X",
        "nothing": b"",
        "only the signature": b"sign=" + signature,
    }


def test_w5_what_alipay_did_not_sign(shop: Shop, books: Books, notified: Notifications) -> None:
    payment = shop.created(channel="WEB")
    for name, body in forged(notified, payment).items():
        answer = notified.post(body)
        assert (answer.status_code, answer.text) == REFUSED, name
        assert books.outcomes(body) == [], f"{name} was kept"
    assert books.states(payment["paymentId"]) == UNTOUCHED


def test_w15_a_flood_of_forgeries_asks_the_rail_nothing(shop: Shop, app: App, alipay: Alipay, stack: Stack) -> None:
    payment = shop.created(channel="WEB")
    before = alipay.see("calls")["count"]
    with requests.Session() as session:
        for number in range(60):
            body = f"out_trade_no={reference(payment)}&trade_status=TRADE_SUCCESS&sign={number}"
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = session.post(f"{stack.gateway.url}/webhooks/alipay", data=body, headers=headers, timeout=30)
            assert (answer.status_code, answer.text) == REFUSED
    assert alipay.see("calls")["count"] == before
    assert alipay.calls("alipay.trade.query", reference(payment)) == 0


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        ("wrong_amount", "OTHER_AMOUNT"),
        ("wrong_app_id", "OTHER_APP_ID"),
        ("wrong_seller", "OTHER_SELLER_ID"),
        ("other_order", "UNKNOWN_ORDER"),
    ],
)
def test_w7_well_signed_and_not_ours(
    shop: Shop,
    app: App,
    stack: Stack,
    books: Books,
    script: Alipay,
    kind: str,
    case: str,
) -> None:
    payment = shop.created(channel="WEB")
    about = new_order()[-28:] if kind == "other_order" else reference(payment)
    options = {"out_trade_no_sent": about} if kind == "other_order" else {}
    alarms = stack.gateway.log.read_text().count("RailFactDidNotFit")

    script.fault(kind, method="callback", out_trade_no=reference(payment), **options)
    script.pay(payment)

    [callback] = script.await_callbacks(reference(payment), 1)
    assert [send["answer"] for send in callback["sends"]] == ["success"], "a repeat would not help"
    assert books.states(payment["paymentId"]) == UNTOUCHED
    assert shop.status(payment["paymentId"])["amountReceived"] == "0.00"
    assert books.cases(about) == [case]
    assert stack.gateway.log.read_text().count("RailFactDidNotFit") > alarms

    # The same again opens no second case, and what the rail says when it is asked still counts.
    script.do(f"callbacks/{callback['id']}/resend", clean=False)
    assert books.cases(about) == [case]
    books.due_now(payment["paymentId"])
    app.resolve(5)
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"


@pytest.mark.parametrize(
    ("changes", "case"),
    [
        ({"total_amount": "10000"}, "OTHER_AMOUNT"),  # fen where yuan belong
        ({"total_amount": "10000.00"}, "OTHER_AMOUNT"),
        ({"total_amount": "1.00"}, "OTHER_AMOUNT"),
        ({"total_amount": "100.01"}, "OTHER_AMOUNT"),
        ({"total_amount": "0.00"}, "OTHER_AMOUNT"),
        ({"trans_currency": "USD"}, "OTHER_CURRENCY"),
    ],
    ids=str,
)
def test_w13_another_amount_or_currency(
    shop: Shop, books: Books, notified: Notifications, changes: dict[str, str], case: str
) -> None:
    payment = shop.created(channel="WEB")
    assert notified.post(notified.body(payment, **changes)).text == "success"
    assert books.states(payment["paymentId"]) == UNTOUCHED
    assert books.kinds(payment["paymentId"]) == []
    assert books.cases(reference(payment)) == [case]


def test_w7_another_orders_trade_cannot_pay_twice(shop: Shop, books: Books, notified: Notifications) -> None:
    """One trade at Alipay pays one payment."""
    first, second = shop.created(channel="WEB"), shop.created(channel="WEB")
    trade_no = "2026112222" + reference(first)[-18:]
    for payment in (first, second):
        assert notified.post(notified.body(payment, trade_no=trade_no)).text == "success"
    assert books.states(first["paymentId"])[-1] == "SETTLED"
    assert books.states(second["paymentId"]) == UNTOUCHED
    assert books.cases(reference(second)) == ["TRADE_OF_ANOTHER_ORDER"]


@pytest.mark.parametrize("place", ["body", "query", "both"])
def test_w12_what_the_browser_brings_back_settles_nothing(
    shop: Shop, books: Books, script: Alipay, notified: Notifications, place: str
) -> None:
    payment = shop.created(channel="WEB", returnUrl="https://shop.example/thanks?cart=1")
    script.fault("withhold", method="callback", out_trade_no=reference(payment))
    opened = requests.get(payment["action"]["url"], timeout=30)
    paid = requests.post(opened.url, data={"step": "pay"}, allow_redirects=False, timeout=30)
    brought = urlsplit(paid.headers["Location"]).query
    assert dict(parse_qsl(brought))["out_trade_no"] == reference(payment)

    query = "" if place == "body" else f"?{brought}"
    own = brought.partition("&")[2].encode()  # without the shop's own parameter it is as Alipay signed it
    body = b"" if place == "query" else own
    answer = notified.post(body, query=query)

    assert (answer.status_code, answer.text) == REFUSED
    assert books.states(payment["paymentId"]) == UNTOUCHED
    assert books.outcomes(body) == []


def test_w13_an_answer_that_does_not_fit_is_asked_for_on_schedule(
    shop: Shop, app: App, books: Books, script: Alipay
) -> None:
    """Nothing settles, and Alipay is not asked every minute until an operator has looked at it."""
    payment = shop.created(channel="WEB")
    books.run("UPDATE payments SET due = due + 1 WHERE id = :id", id=payment["paymentId"])
    books.run(
        "UPDATE attempts SET created_at = now() - interval '1 day' WHERE payment_id = :id", id=payment["paymentId"]
    )
    script.fault("withhold", method="callback", out_trade_no=reference(payment))
    script.pay(payment)
    books.due_now(payment["paymentId"])
    app.resolve(5)
    assert books.states(payment["paymentId"]) == UNTOUCHED
    assert books.cases(reference(payment)) == ["OTHER_AMOUNT"]
    [[is_on_schedule]] = books.run(
        "SELECT next_query_at > now() + interval '9 minutes' FROM attempts WHERE payment_id = :id",
        id=payment["paymentId"],
    )
    assert is_on_schedule
