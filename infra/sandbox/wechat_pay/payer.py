"""Opens a payment's action as the payer's device would, whatever the channel."""

import base64
import json
import re
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from infra.sandbox.ledger import Row
from infra.sandbox.wechat_pay import cashier
from infra.sandbox.wechat_pay.context import WechatPay
from infra.sandbox.wechat_pay.errors import refused

CODE_URL = r"weixin://wxpay/bizpayurl\?pr=[\w-]+"


def open_action(rail: WechatPay, action: dict[str, Any]) -> Row:
    """`action` as a payment shows it: `content` of a QR code, `payload` of an SDK, or `url`."""
    if "content" in action:
        if not re.fullmatch(CODE_URL, action["content"]):
            raise refused("INVALID_REQUEST", "not a code_url")
        return cashier.find(rail, cashier.code_in(action["content"]))
    if "payload" in action:
        return _open_payload(rail, action["payload"])
    if "url" in action:
        return cashier.find(rail, cashier.code_in(action["url"]))
    raise refused("INVALID_REQUEST", "no content, url or payload in the action")


def _open_payload(rail: WechatPay, payload: Any) -> Row:
    """As the app's or the browser's WeChat does: the merchant must have signed exactly this order."""
    given = json.loads(payload) if isinstance(payload, str) else payload
    fields = {name.lower(): str(value) for name, value in given.items()}
    is_app = "prepayid" in fields
    trade_type, code, signed = _read_app(rail, fields) if is_app else _read_jsapi(fields)
    if fields.get("appid") != rail.merchant.app_id or not re.fullmatch(r"\d{10}", fields.get("timestamp", "")):
        raise refused("INVALID_REQUEST", "商家参数格式有误")
    _verify(rail, [fields["appid"], fields["timestamp"], fields.get("noncestr", ""), signed], fields)
    order = cashier.find(rail, code)
    if order["trade_type"] != trade_type:
        raise refused("INVALID_REQUEST", "商家参数格式有误")
    return order


def _read_jsapi(fields: dict[str, str]) -> tuple[str, str, str]:
    """ "JSAPI调起支付签名": the fourth line is the package, `prepay_id=…`."""
    package = fields.get("package", "")
    if not package.startswith("prepay_id=") or fields.get("signtype") != "RSA":
        raise refused("INVALID_REQUEST", "package须为prepay_id=…,signType须为RSA")
    return "JSAPI", package.removeprefix("prepay_id="), package


def _read_app(rail: WechatPay, fields: dict[str, str]) -> tuple[str, str, str]:
    """ "APP调起支付签名": the fourth line is the bare prepay_id, the package a constant."""
    package = fields.get("package") or fields.get("packagevalue")
    if package != "Sign=WXPay" or fields.get("partnerid") != rail.merchant.mch_id:
        raise refused("INVALID_REQUEST", "package须为Sign=WXPay,partnerId须为商户号")
    return "APP", fields["prepayid"], fields["prepayid"]


def _verify(rail: WechatPay, lines: list[str], fields: dict[str, str]) -> None:
    message = "".join(f"{line}\n" for line in lines).encode()
    try:
        signature = base64.b64decode(fields.get("paysign") or fields.get("sign", ""), validate=True)
        rail.merchant.public_key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        raise refused("INVALID_REQUEST", "支付验证签名失败") from None
