"""The main job, over HTTP: create, pay, callback, settled, refunded."""

from __future__ import annotations

import pytest

from tests.support.alipay import Alipay
from tests.support.shop import Shop


@pytest.mark.parametrize("channel", ["QR", "WEB", "H5", "APP"])
def test_a_payment_settles_and_is_refunded_in_part(shop: Shop, alipay: Alipay, channel: str) -> None:
    payment = shop.created(channel=channel)
    assert payment["state"] == "PENDING"

    alipay.pay(payment)
    settled = shop.await_state(payment["paymentId"], "SETTLED")
    assert settled["amountReceived"] == "100.00"

    refund = shop.refund(payment["paymentId"], amount="30.00")
    assert (refund.status_code, refund.json()["state"]) == (201, "SUCCEEDED")
    refunded = shop.status(payment["paymentId"])
    assert (refunded["state"], refunded["amountRefunded"]) == ("PARTIALLY_REFUNDED", "30.00")
    states = [entry["state"] for entry in refunded["timeline"]]
    assert states == ["CREATED", "PENDING", "SETTLED", "PARTIALLY_REFUNDED"]
    assert refunded["action"] is None


def test_what_create_answers_is_what_status_shows(shop: Shop) -> None:
    payment = shop.created(
        description="二维码 & “quotes”", metadata={"a": 1, "b": "ü"}, returnUrl="https://s.example/r"
    )
    assert shop.status(payment["paymentId"]) == payment
