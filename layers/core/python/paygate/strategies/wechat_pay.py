from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

from paygate.domain.errors import InvalidField
from paygate.domain.states import PaymentState
from paygate.strategies.orders import rail_order, rail_reference

if TYPE_CHECKING:
    from paygate.domain.money import Money
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt, Order

MAX_UNITS = 100_000_000_00  # no documented bound; more than WeChat Pay lets anybody pay at once
OPENID, PAYER_IP = "openid", "payerClientIp"
_OPENID = re.compile(r"[0-9A-Za-z_-]{1,128}", re.ASCII)


class WechatPayStrategy:
    """Two channels must know the payer before there is an order; both facts are kept in the payment's metadata.

    "JSAPI/小程序下单": `payer.openid`, the payer's id under our app id. "H5下单": `scene_info.payer_client_ip`.
    """

    method = "WECHAT_PAY"
    rail = "wechat_pay"
    channels = ("QR", "H5", "JSAPI", "APP")
    currencies = ("CNY",)
    asset = None

    def due(self, price: Money, /) -> Money:
        if price.units > MAX_UNITS:
            raise InvalidField("amount", "WeChat Pay takes at most 100000000.00")
        return price

    def reference(self, payment: Payment, /) -> str:
        return rail_reference(payment)

    def order(self, payment: Payment, attempt: Attempt, /) -> Order:
        order = rail_order(payment, attempt)
        if payment.state is not PaymentState.CREATED:
            return order  # who pays matters where the order is opened, and may have been erased since
        if payment.channel == "JSAPI":
            return replace(order, payer_id=_openid(payment))
        if payment.channel == "H5":
            return replace(order, payer_ip=_payer_ip(payment))
        return order


def _openid(payment: Payment) -> str:
    given = payment.metadata.get(OPENID)
    if not isinstance(given, str) or not _OPENID.fullmatch(given):
        raise InvalidField(f"metadata.{OPENID}", "must be the payer's openid under your app id, for channel JSAPI")
    return given


def _payer_ip(payment: Payment) -> str:
    given = payment.metadata.get(PAYER_IP)
    try:
        return str(ip_address(given if isinstance(given, str) and "%" not in given else ""))
    except ValueError:
        why = "must be the payer's IP address as your shop sees it, for channel H5"
        raise InvalidField(f"metadata.{PAYER_IP}", why) from None
