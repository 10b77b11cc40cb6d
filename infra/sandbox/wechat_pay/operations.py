"""The interfaces: one function each, from a verified call to the answer's fields (None is a 204)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from infra.sandbox.ledger import Db, Row
from infra.sandbox.wechat_pay import notices, orders, refunds, switches, terms, wire
from infra.sandbox.wechat_pay.clock import SHANGHAI
from infra.sandbox.wechat_pay.context import WechatPay
from infra.sandbox.wechat_pay.errors import ApiError, invalid, other_merchant, refused
from infra.sandbox.wechat_pay.merchant import Signer

Answer = dict[str, Any] | None
CARD_FIELDS = ("/bank_account", "/real_name")


@dataclass(frozen=True)
class Call:
    """`parts` are the path's, decoded; `wechatpay_serial` is the header Wechatpay-Serial."""

    parts: dict[str, str]
    query: dict[str, str]
    body: bytes
    wechatpay_serial: str


@dataclass(frozen=True)
class Operation:
    """`is_about_headers`: it refuses a call without User-Agent or Accept before anything else."""

    name: str
    method: str
    path: str
    work: Callable[[Db, WechatPay, Call], Answer]
    is_about_headers: bool = False

    def name_for(self, parts: dict[str, str]) -> str:
        return parts.get("channel", self.name)


def announce(db: Db, rail: WechatPay, call: Call) -> Answer:
    channel = call.parts["channel"]
    code = orders.announce(db, rail.merchant, channel, terms.read_body(call.body), rail.time_scale)
    if channel == "native":
        return {"code_url": f"weixin://wxpay/bizpayurl?pr={code}"}
    if channel == "h5":
        return {"h5_url": f"{rail.public_url}/wechat_pay/h5?prepay_id={code}&package={quote(code[-10:])}"}
    return {"prepay_id": code}


def query(db: Db, rail: WechatPay, call: Call) -> Answer:
    _require_mchid(rail, call.query.get("mchid"), "query")
    return transaction(rail, orders.get(db, call.parts["out_trade_no"]))


def query_id(db: Db, rail: WechatPay, call: Call) -> Answer:
    _require_mchid(rail, call.query.get("mchid"), "query")
    order = orders.find(db, transaction_id=call.parts["transaction_id"])
    if order is None:
        raise refused("ORDER_NOT_EXIST")
    return transaction(rail, order)


def transaction(rail: WechatPay, order: Row) -> dict[str, Any]:
    return {"appid": rail.merchant.app_id, "mchid": rail.merchant.mch_id, **notices.transaction_fields(order)}


def close(db: Db, rail: WechatPay, call: Call) -> Answer:
    _require_mchid(rail, terms.text(terms.read_body(call.body), "/mchid", 32, is_required=True), "body")
    number = call.parts["out_trade_no"]
    if not re.fullmatch(terms.ORDER_NUMBER, number):
        raise invalid("out_trade_no", f"字符串必须匹配正则表达式“^{terms.ORDER_NUMBER}$”", number, "url")
    orders.close(db, number)
    return None


def refund(db: Db, rail: WechatPay, call: Call) -> Answer:
    return _refund_answer(db, refunds.apply(db, terms.read_body(call.body), rail.time_scale))


def refund_query(db: Db, _rail: WechatPay, call: Call) -> Answer:
    return _refund_answer(db, refunds.get(db, call.parts["out_refund_no"]))


def abnormal_refund(db: Db, rail: WechatPay, call: Call) -> Answer:
    """ "发起异常退款". Name and number of a card come encrypted to the key that Wechatpay-Serial names."""
    body = terms.read_body(call.body)
    kind = terms.text(body, "/type", 32, is_required=True)
    if kind not in ("USER_BANK_CARD", "MERCHANT_BANK_CARD"):
        raise invalid("/type", "USER_BANK_CARD, MERCHANT_BANK_CARD", kind)
    if kind == "USER_BANK_CARD":
        terms.text(body, "/bank_type", 32, is_required=True)
        _require_sealed(rail.merchant.signer(call.wechatpay_serial), body)
    return _refund_answer(db, refunds.retry_abnormal(db, call.parts["refund_id"], body, rail.time_scale))


def certificates(db: Db, rail: WechatPay, _call: Call) -> Answer:
    """ "下载平台证书": one, or old and new while they are being exchanged."""
    set_to = switches.read(db)
    if not set_to["has_certificates"]:
        raise refused("RESOURCE_NOT_EXISTS", "无可用的平台证书,请在商户平台-API安全申请使用微信支付公钥。")
    listed = rail.merchant.certificates[: set_to["signing_certificate"]]
    return {"data": [_certificate(rail, signer) for signer in listed]}


OPERATIONS = (
    Operation("", "POST", r"/v3/pay/transactions/(?P<channel>native|h5|jsapi|app)", announce),
    Operation("query", "GET", r"/v3/pay/transactions/out-trade-no/(?P<out_trade_no>[^/]+)", query),
    Operation("query_id", "GET", r"/v3/pay/transactions/id/(?P<transaction_id>[^/]+)", query_id),
    Operation("close", "POST", r"/v3/pay/transactions/out-trade-no/(?P<out_trade_no>[^/]+)/close", close),
    Operation("refund", "POST", r"/v3/refund/domestic/refunds", refund, is_about_headers=True),
    Operation(
        "refund_query",
        "GET",
        r"/v3/refund/domestic/refunds/(?P<out_refund_no>[^/]+)",
        refund_query,
        is_about_headers=True,
    ),
    Operation(
        "abnormal_refund",
        "POST",
        r"/v3/refund/domestic/refunds/(?P<refund_id>[^/]+)/apply-abnormal-refund",
        abnormal_refund,
        is_about_headers=True,
    ),
    Operation("certificates", "GET", r"/v3/certificates", certificates, is_about_headers=True),
)


def order_no(db: Db, call: Call) -> str:
    """The merchant's number of the order that a call is about, not judged yet; empty when none is named."""
    if "out_trade_no" in call.parts:
        return call.parts["out_trade_no"]
    if "transaction_id" in call.parts:
        return _number_of(orders.find(db, transaction_id=call.parts["transaction_id"]))
    if call.parts.keys() & {"out_refund_no", "refund_id"}:
        return _number_of(refunds.find(db, **call.parts))
    try:
        body = terms.read_body(call.body)
    except ApiError:
        return ""
    if body.get("out_trade_no") is None and body.get("transaction_id"):
        return _number_of(orders.find(db, transaction_id=_storable(body["transaction_id"])))
    return _storable(body.get("out_trade_no") or "")


def _storable(value: object) -> str:
    return str(value).encode(errors="replace").decode()


def _number_of(found: Row | None) -> str:
    return found["out_trade_no"] if found else ""


def _require_mchid(rail: WechatPay, mchid: str | None, location: str) -> None:
    if not mchid:
        raise invalid("mchid", "此字段为必填项", location=location)
    if mchid != rail.merchant.mch_id:
        raise other_merchant("mchid", location)


def _refund_answer(db: Db, found: Row) -> dict[str, Any]:
    return notices.refund_fields(orders.get(db, found["out_trade_no"]), found)


def _require_sealed(signer: Signer | None, body: terms.Json) -> None:
    if signer is None:
        raise ApiError(400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误")
    for pointer in CARD_FIELDS:
        try:
            wire.unseal_field(signer, terms.text(body, pointer, 1024, is_required=True))
        except ValueError:
            raise invalid(pointer, "敏感信息解密失败") from None


def _certificate(rail: WechatPay, signer: Signer) -> dict[str, Any]:
    times = (signer.effective_at, signer.expires_at)
    effective, expires = (at.astimezone(SHANGHAI).isoformat() if at else "" for at in times)
    return {
        "serial_no": signer.serial,
        "effective_time": effective,
        "expire_time": expires,
        "encrypt_certificate": wire.seal(rail.merchant, signer.pem.encode(), "certificate"),
    }
