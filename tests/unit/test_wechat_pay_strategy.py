"""What a payment must say before WeChat Pay is asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import InvalidField
from paygate.domain.money import Money
from paygate.domain.payment import Payment
from paygate.domain.states import PaymentState
from paygate.ports import Attempt, AttemptStatus
from paygate.strategies.wechat_pay import MAX_UNITS, WechatPayStrategy

NOW = datetime(2026, 1, 1, 17, tzinfo=UTC)
PRICE = Money(10000, CURRENCIES["CNY"])
PAYMENT = Payment(
    id="PAY_01KB0000000000000000000000",
    order_id="O1",
    user_id=1,
    method="WECHAT_PAY",
    channel="QR",
    state=PaymentState.CREATED,
    price=PRICE,
    due=PRICE,
    request_id="r",
    created_at=NOW,
    updated_at=NOW,
    expires_at=NOW + timedelta(minutes=15),
    metadata={"openid": "oUpF8uMuAJO_M2-x", "payerClientIp": "203.0.113.7", "cart": 7},
)
ATTEMPT = Attempt(
    PAYMENT.id,
    1,
    "wechat_pay",
    "01KB000000000000000000000001",
    AttemptStatus.STARTED,
    PAYMENT.expires_at,
    NOW,
    None,
)


def test_each_channel_takes_what_it_needs_and_no_more() -> None:
    strategy = WechatPayStrategy()
    found = {channel: strategy.order(replace(PAYMENT, channel=channel), ATTEMPT) for channel in strategy.channels}
    payers = {channel: (order.payer_id, order.payer_ip) for channel, order in found.items()}
    assert payers == {
        "QR": (None, None),
        "APP": (None, None),
        "H5": (None, "203.0.113.7"),
        "JSAPI": ("oUpF8uMuAJO_M2-x", None),
    }


@pytest.mark.parametrize("openid", [None, "", 7, True, "a b", "x" * 129, "茶", "o1\n"])
def test_jsapi_needs_the_payers_openid(openid: object) -> None:
    for metadata in ({"openid": openid}, {}):
        with pytest.raises(InvalidField) as caught:
            WechatPayStrategy().order(replace(PAYMENT, channel="JSAPI", metadata=metadata), ATTEMPT)
        assert caught.value.field == "metadata.openid"


@pytest.mark.parametrize("given", [None, "", 7, 3405803783, "203.0.113", "203.0.113.7:80", "fe80::1%eth0", "x"])
def test_h5_needs_the_payers_address(given: object) -> None:
    for metadata in ({"payerClientIp": given}, {}):
        with pytest.raises(InvalidField) as caught:
            WechatPayStrategy().order(replace(PAYMENT, channel="H5", metadata=metadata), ATTEMPT)
        assert caught.value.field == "metadata.payerClientIp"


def test_absurd_amounts_are_refused() -> None:
    strategy = WechatPayStrategy()
    assert strategy.due(Money(MAX_UNITS, PRICE.asset)).units == MAX_UNITS
    with pytest.raises(InvalidField):
        strategy.due(Money(MAX_UNITS + 1, PRICE.asset))
