"""W9, W11: what is verified is what came, byte for byte, however it travelled."""

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

TEXTS = {
    "subject": "订单 100% + 1&2=3 %2B",
    "body": " leading, trailing ",
    "fund_bill_list": '[{"amount":"100.00","fundChannel":"ALIPAYACCOUNT"}]',
    "passback_params": "a%3D1+b",
    "added_next_year": "+ +&;=\u3000",
}


@pytest.mark.parametrize("charset", ["utf-8", "GBK", "gb2312"])
def test_w9_text_and_unknown_parameters_survive(
    shop: Shop, books: Books, notified: Notifications, charset: str
) -> None:
    payment = shop.created(channel="WEB")
    body = notified.body(payment, charset=charset, **TEXTS)
    assert notified.post(body).text == "success"
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"
    assert books.outcomes(body) == ["settled"], "the bytes were not kept as they came"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=GBK",
        "Application/X-WWW-Form-Urlencoded;charset=utf-8",
    ],
)
@pytest.mark.parametrize("name", ["Content-Type", "CONTENT-TYPE", "content-type"])
def test_w11_bytes_that_are_no_utf_8_arrive_whole(
    shop: Shop, books: Books, notified: Notifications, name: str, content_type: str
) -> None:
    payment = shop.created(channel="WEB")
    body = raw_gbk(notified, payment)
    assert notified.post(body, headers={name: content_type}).text == "success"
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"
    assert books.outcomes(body) == ["settled"]


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Type", "application/x-www-form-urlencoded")],
        [("CONTENT-TYPE", "application/x-www-form-urlencoded")],
        [("content-type", "text/plain"), ("Content-Type", "application/x-www-form-urlencoded")],
        [],
    ],
    ids=str,
)
@pytest.mark.parametrize("is_base64", [True, False])
def test_w11_events_as_api_gateway_may_write_them(
    shop: Shop,
    app: App,
    books: Books,
    notified: Notifications,
    headers: list[tuple[str, str]],
    *,
    is_base64: bool,
) -> None:
    payment = shop.created(channel="WEB")
    body = raw_gbk(notified, payment) if is_base64 else notified.body(payment, charset="GBK", **TEXTS)
    answer = api.on(lambda: app)(
        event("POST", "/webhooks/alipay", body=body, headers=headers, is_base64=is_base64), Context()
    )
    assert (answer["statusCode"], answer["body"]) == (200, "success")
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"
    assert books.outcomes(body) == ["settled"]


def raw_gbk(notified: Notifications, payment: dict[str, str]) -> bytes:
    """A form whose value stands as it is, two bytes a character, and is no UTF-8."""
    body = notified.body(payment, charset="GBK", subject="茶")
    assert b"%B2%E8" in body
    return body.replace(b"%B2%E8", "茶".encode("gbk"))
