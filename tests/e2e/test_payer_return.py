"""A payer's browser comes back: the rail is asked, not too often, and the browser goes on to the shop."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.support.rails import RailSandbox, rail_sandboxes
from tests.support.shop import Shop, reference
from tests.support.unionpay import pay_in_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack

NOBODY = "01K6FZ1E8M9N0P1Q2R3S4T5V6W"
SHOP_PAGE = "https://shop.example/thanks?order=1&x=%E8%8C%B6"


@pytest.fixture
def unionpay(stack: Stack) -> Iterator[RailSandbox]:
    sandbox = rail_sandboxes(stack.sandbox.url)["unionpay"]
    yield sandbox
    sandbox.clear_faults()


def come_back(shop: Shop, payment_id: str, method: str = "POST", **options: Any) -> requests.Response:
    url = f"{shop.url}/return/{payment_id}"
    return requests.request(method, url, allow_redirects=False, timeout=30, **options)


def queries(unionpay: RailSandbox, payment: dict[str, Any]) -> int:
    return int(unionpay.see("calls", method="query", order_id=reference(payment))["count"])


def paid_in_silence(shop: Shop, unionpay: RailSandbox, **fields: Any) -> dict[str, Any]:
    """Its callback never comes."""
    payment = unionpay.created(shop, **fields)
    unionpay.fault(payment, "withhold")
    unionpay.pay(payment)
    return payment


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_the_rail_says_settles_and_the_payer_goes_on(shop: Shop, unionpay: RailSandbox, method: str) -> None:
    payment = paid_in_silence(shop, unionpay, returnUrl=SHOP_PAGE)
    assert shop.status(payment["paymentId"])["state"] == "PENDING"
    answer = come_back(shop, payment["paymentId"], method, params={"respCode": "01"})
    assert (answer.status_code, answer.headers["Location"]) == (303, SHOP_PAGE)
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"


def test_the_form_that_unionpay_has_the_browser_post(shop: Shop, unionpay: RailSandbox) -> None:
    payment = unionpay.created(shop, returnUrl=SHOP_PAGE)
    unionpay.fault(payment, "withhold")
    url, fields = pay_in_browser(payment)
    assert url == f"{shop.url}/return/{payment['paymentId']}"
    assert fields["respCode"] == "00"
    answer = come_back(shop, payment["paymentId"], data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, SHOP_PAGE)
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"


def test_a_form_that_says_paid_pays_nothing(shop: Shop, unionpay: RailSandbox) -> None:
    payment = unionpay.created(shop, returnUrl=SHOP_PAGE)
    forged = {"respCode": "00", "orderId": reference(payment), "txnAmt": "10000", "txnType": "01"}
    assert come_back(shop, payment["paymentId"], data=forged).status_code == 303
    assert shop.status(payment["paymentId"])["state"] == "PENDING"


def test_without_a_page_of_the_shop_it_says_how_it_stands_and_nothing_else(
    shop: Shop, unionpay: RailSandbox
) -> None:
    payment = paid_in_silence(shop, unionpay, description="Secret tea", metadata={"a": "hidden"})
    answer = come_back(shop, payment["paymentId"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    words = re.sub(r"<[^>]*>", " ", answer.text).split()
    assert words == ["Payment", "Paid", "付款成功"]


def test_a_crowd_of_returns_is_one_question(shop: Shop, unionpay: RailSandbox) -> None:
    payment = unionpay.created(shop, returnUrl=SHOP_PAGE)
    for _ in range(10):
        assert come_back(shop, payment["paymentId"]).status_code == 303
    assert queries(unionpay, payment) == 1


def test_what_is_settled_is_not_asked_about(shop: Shop, unionpay: RailSandbox) -> None:
    payment = unionpay.settled(shop, returnUrl=SHOP_PAGE)
    before = queries(unionpay, payment)
    assert come_back(shop, payment["paymentId"]).status_code == 303
    assert queries(unionpay, payment) == before


def test_a_rail_that_gives_no_answer_does_not_keep_the_payer(shop: Shop, unionpay: RailSandbox) -> None:
    payment = paid_in_silence(shop, unionpay, returnUrl=SHOP_PAGE)
    unionpay.fault(payment, "drop", method="query", count=9)
    answer = come_back(shop, payment["paymentId"])
    assert (answer.status_code, answer.headers["Location"]) == (303, SHOP_PAGE)
    assert shop.status(payment["paymentId"])["state"] == "PENDING"


@pytest.mark.parametrize("payment_id", [f"PAY_{NOBODY}", "PAY_1", "x", f"REF_{NOBODY}"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_s_id_is_nothing(shop: Shop, payment_id: str, method: str) -> None:
    answer = come_back(shop, payment_id, method)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_other_rails_payers_come_back_as_well(shop: Shop) -> None:
    payment = shop.created(method="ALIPAY", returnUrl=SHOP_PAGE)
    assert come_back(shop, payment["paymentId"], "GET").headers["Location"] == SHOP_PAGE
