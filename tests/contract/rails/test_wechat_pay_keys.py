"""Whose signature is believed, on the sandbox: certificates that change over, the public key, answers unsigned."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from paygate.adapters.rails import keys
from paygate.adapters.rails.http import RailHttp
from paygate.adapters.rails.wechat_pay.rail import WechatPayRail
from paygate.adapters.rails.wechat_pay.settings import WechatPaySettings
from paygate.domain.errors import CallbackRefused, OutcomeUnknown, RailDeclined, SignatureProbe
from paygate.ports import CallbackRequest, Order, RailUrls, RefundOrder, RefundStatus, TradeStatus
from tests.contract.rails.wechat_pay_driver import QUICK, Now, WechatPayDriver
from tests.contract.sandbox_client import Inbox, Sandbox


@pytest.fixture(scope="module")
def drivers(sandbox: Sandbox) -> dict[str, WechatPayDriver]:
    return {
        "public key": WechatPayDriver(sandbox, is_certified=False),
        "certificates": WechatPayDriver(sandbox, is_certified=True),
    }


@pytest.fixture(scope="module")
def pinned(sandbox: Sandbox, drivers: dict[str, WechatPayDriver]) -> WechatPaySettings:
    """Certificate mode with the older certificate pinned."""
    pem = Path(sandbox.settings()["WECHAT_PAY_PLATFORM_CERTS_FILE"]).read_text()
    return replace(drivers["certificates"].settings, platform_certificates=tuple(keys.certificates(pem)))


@pytest.fixture
def door(drivers: dict[str, WechatPayDriver]) -> Iterator[WechatPayDriver]:
    """The switches are turned back afterwards."""
    driver = drivers["certificates"]
    before = driver.see("switches")
    yield driver
    driver.do("switches", **before)


def rail(settings: WechatPaySettings, shop: Inbox) -> WechatPayRail:
    return WechatPayRail(settings, RailUrls(shop.url, ""), Now(), RailHttp(**QUICK))  # type: ignore[arg-type]


def order(driver: WechatPayDriver, number: str) -> Order:
    now = datetime.now(UTC)
    return Order(number, "QR", driver.amount(10000), "Tea", now, now + timedelta(minutes=30))


def fetches(driver: WechatPayDriver) -> int:
    return int(driver.see("calls", method="certificates")["count"])


@pytest.mark.parametrize("signing_certificate", [1, 2])
def test_without_a_pinned_certificate_one_fetch_is_enough(
    door: WechatPayDriver, shop: Inbox, number: str, signing_certificate: int
) -> None:
    door.do("switches", signing_certificate=signing_certificate)
    before = fetches(door)
    wechat = rail(door.settings, shop)
    assert fetches(door) == before
    door.pay(wechat.open(order(door, number)))
    assert wechat.query(order(door, number)).status is TradeStatus.PAID
    assert wechat.read_callback(CallbackRequest(shop.wait(1)[0], shop.headers[0])) is not None
    assert fetches(door) == before + 1


def test_a_change_of_certificates_costs_one_fetch(
    door: WechatPayDriver, pinned: WechatPaySettings, shop: Inbox, number: str
) -> None:
    before = fetches(door)
    wechat = rail(pinned, shop)
    door.pay(wechat.open(order(door, number)))
    assert fetches(door) == before
    door.do("switches", signing_certificate=2)
    assert wechat.query(order(door, number)).status is TradeStatus.PAID
    assert wechat.read_callback(CallbackRequest(shop.wait(1)[0], shop.headers[0])) is not None
    assert fetches(door) == before + 1


@pytest.mark.parametrize("callback_key", ["certificate", "public_key"])
def test_callbacks_come_signed_either_way(
    door: WechatPayDriver,
    drivers: dict[str, WechatPayDriver],
    shop: Inbox,
    number: str,
    callback_key: str,
) -> None:
    door.do("switches", callback_key=callback_key)
    wechat = rail(drivers["public key"].settings, shop)
    door.pay(wechat.open(order(door, number)))
    callback = CallbackRequest(shop.wait(1)[0], shop.headers[0])
    seen = wechat.read_callback(callback)
    assert callback.headers["wechatpay-serial"].startswith("PUB_KEY_ID_") == (callback_key == "public_key")
    assert seen is not None
    assert seen.status is TradeStatus.PAID


def test_a_merchant_without_certificates_needs_the_public_key(
    door: WechatPayDriver, drivers: dict[str, WechatPayDriver], shop: Inbox, number: str
) -> None:
    door.do("switches", has_certificates=False, callback_key="public_key")
    with pytest.raises(OutcomeUnknown, match="certificates"):
        rail(door.settings, shop).open(order(door, number))
    wechat, before = rail(drivers["public key"].settings, shop), fetches(door)
    door.pay(wechat.open(order(door, number)))
    assert wechat.read_callback(CallbackRequest(shop.wait(1)[0], shop.headers[0])) is not None
    assert fetches(door) == before


def test_refusals_that_nobody_signed_mean_the_same(door: WechatPayDriver, shop: Inbox, number: str) -> None:
    door.do("switches", are_errors_signed=False)
    wechat, wanted = rail(door.settings, shop), order(door, number)
    refund = RefundOrder(wanted, f"{number}F", door.amount(10001), datetime.now(UTC))
    assert wechat.query(wanted).status is TradeStatus.ABSENT
    door.pay(wechat.open(wanted))
    assert wechat.close(wanted).status is TradeStatus.PAID
    assert wechat.query_refund(refund).status is RefundStatus.ABSENT
    with pytest.raises(RailDeclined, match="INVALID_REQUEST"):
        wechat.refund(refund)


@pytest.mark.parametrize("kind", ["bad_signature", "unsigned", "probe", "stale", "unknown_serial"])
@pytest.mark.parametrize("mode", ["public key", "certificates"])
def test_an_answer_that_does_not_verify_is_unknown_and_its_work_was_done(
    drivers: dict[str, WechatPayDriver], shop: Inbox, number: str, kind: str, mode: str
) -> None:
    driver = drivers[mode]
    wechat, wanted = driver.rail(shop.url), order(driver, number)
    driver.do("faults", method="native", out_trade_no=number, kind=kind)
    with pytest.raises(OutcomeUnknown):
        wechat.open(wanted)
    assert wechat.query(wanted).status is TradeStatus.WAITING


@pytest.mark.parametrize(
    "kind",
    ["bad_signature", "unsigned", "stale", "probe", "unknown_serial", "bad_tag", "bad_base64", "nonce_length"],
)
def test_w6_a_callback_that_does_not_verify(
    drivers: dict[str, WechatPayDriver], shop: Inbox, number: str, kind: str
) -> None:
    driver = drivers["certificates"]
    wechat = driver.rail(shop.url)
    driver.do("faults", method="callback", out_trade_no=number, kind=kind)
    driver.pay(wechat.open(order(driver, number)))
    callback = CallbackRequest(shop.wait(1)[0], shop.headers[0])
    with pytest.raises(CallbackRefused) as caught:
        wechat.read_callback(callback)
    assert isinstance(caught.value, SignatureProbe) == (kind == "probe")
