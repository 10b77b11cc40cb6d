"""python-alipay-sdk and our adapter, side by side on the same sandbox."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import alipay
import pytest

from paygate.adapters.rails.alipay.client import AlipayClient
from paygate.adapters.rails.http import RailHttp
from paygate.domain.errors import RailDeclined
from paygate.ports import CallbackRequest, Order, RefundOrder, RefundStatus, TradeStatus
from tests.contract.rails.alipay_driver import AlipayDriver, Now, settings
from tests.contract.sandbox_client import Inbox, Sandbox

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # how the SDK reads certificates

PAGE = "alipay.trade.page.pay"


@pytest.fixture(params=[False, True], ids=["public key", "certificate"])
def pair(request: pytest.FixtureRequest, sandbox: Sandbox) -> tuple[AlipayClient, Any]:
    return AlipayClient(settings(sandbox, is_certified=request.param), Now(), RailHttp()), _sdk(
        sandbox, is_certified=request.param
    )


def _sdk(sandbox: Sandbox, *, is_certified: bool) -> Any:
    given = sandbox.settings()
    texts = {name: Path(path).read_text() for name, path in given.items() if name.endswith("_FILE")}
    common = {
        "appid": given["ALIPAY_APP_ID"],
        "app_private_key_string": texts["ALIPAY_APP_PRIVATE_KEY_FILE"],
    }
    if is_certified:
        made = alipay.DCAliPay(
            **common,
            app_public_key_cert_string=texts["ALIPAY_APP_CERT_FILE"],
            alipay_public_key_cert_string=texts["ALIPAY_CERT_FILE"],
            alipay_root_cert_string=texts["ALIPAY_ROOT_CERT_FILE"],
        )
    else:
        made = alipay.AliPay(**common, alipay_public_key_string=texts["ALIPAY_PUBLIC_KEY_FILE"])
    made._gateway = f"{sandbox.url}/alipay/gateway.do"
    return made


def test_the_same_parameters_give_the_same_signature(pair: tuple[AlipayClient, Any]) -> None:
    ours, sdk = pair
    biz = {"out_trade_no": "R1", "subject": "Tea 茶 100% + a=b", "total_amount": "0.01"}
    signed = ours.signed(PAGE, biz, notify_url="https://x.example/n", return_url="https://x.example/?a=1&b=2")
    unsigned = {name: value for name, value in signed.items() if name != "sign"}
    theirs = dict(parse_qsl(sdk.sign_data(dict(unsigned)), strict_parsing=True))
    assert theirs == signed
    built = sdk.build_body(PAGE, biz)
    assert {name: built[name] for name in built if name.endswith("_sn")} == {
        name: signed[name] for name in signed if name.endswith("_sn")
    }


def test_the_same_answers_are_read(
    pair: tuple[AlipayClient, Any], sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    ours, sdk = pair
    asked = {"out_trade_no": number}
    assert sdk.api_alipay_trade_query(number)["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    with pytest.raises(RailDeclined, match="TRADE_NOT_EXIST"):
        ours.call("alipay.trade.query", asked)

    biz = {**asked, "subject": "Tea 茶", "total_amount": "100.00"}
    opened = ours.call("alipay.trade.precreate", biz, notify_url=shop.url)
    assert opened == sdk.api_alipay_trade_precreate(**biz, notify_url=shop.url)
    sandbox.do("pay", out_trade_no=number)
    assert ours.call("alipay.trade.query", asked) == sdk.api_alipay_trade_query(number)

    sdk.api_alipay_trade_refund("60.00", number, out_request_no="F1")
    refund = {**asked, "out_request_no": "F1"}
    theirs = sdk.api_alipay_trade_fastpay_refund_query("F1", out_trade_no=number)
    assert ours.call("alipay.trade.fastpay.refund.query", refund) == theirs


@pytest.mark.parametrize("is_certified", [False, True])
def test_one_opens_and_the_other_goes_on(sandbox: Sandbox, shop: Inbox, number: str, *, is_certified: bool) -> None:
    sdk = _sdk(sandbox, is_certified=is_certified)
    driver = AlipayDriver(sandbox, is_certified=is_certified)
    rail = driver.rail(shop.url)
    sdk.api_alipay_trade_precreate("Tea", number, "100.00", notify_url=shop.url)
    sandbox.do("pay", out_trade_no=number)
    assert rail.query(_order(driver, number)).status is TradeStatus.PAID

    body = shop.wait(1)[0]
    notice = dict(parse_qsl(body.decode(), keep_blank_values=True))
    signature = notice.pop("sign")
    assert sdk.verify(notice, signature)
    assert rail.read_callback(CallbackRequest(body, {})).status is TradeStatus.PAID

    sdk.api_alipay_trade_refund("60.00", number, out_request_no="F1")
    refund = RefundOrder(_order(driver, number), "F1", driver.amount(6000), datetime.now(UTC))
    assert rail.query_refund(refund).status is RefundStatus.SUCCEEDED


def _order(driver: AlipayDriver, number: str) -> Order:
    now = datetime.now(UTC)
    return Order(number, "QR", driver.amount(10000), "Tea", now, now + timedelta(minutes=30))
