"""The gateway's bytes: how requests are read and checked, how answers and notifications are signed."""

import base64
import json
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from infra.sandbox.alipay.certificates import Merchant
from infra.sandbox.alipay.errors import GatewayError, invalid, missing

SHANGHAI = timezone(timedelta(hours=8))
CHARSETS = {"utf-8", "utf8", "gbk", "gb2312", "gb18030"}
# The original is lenient here: SDKs that send the local time of a UTC machine (8 hours off) do get through.
MAX_CLOCK_SKEW = timedelta(hours=24)


@dataclass(frozen=True)
class Request:
    method: str
    charset: str
    biz: dict[str, Any]
    notify_url: str
    return_url: str
    is_certificate_mode: bool
    clock_skew_seconds: float


def now() -> float:
    return time.time()


def shanghai(at: float) -> str:
    return datetime.fromtimestamp(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def read_params(query: str, body: bytes) -> dict[str, str]:
    """Query and form are one set, in any mix; the charset, itself a parameter, says how to read both."""
    raw = [
        *parse_qsl(query, keep_blank_values=True, encoding="latin-1"),
        *parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1"),
    ]
    charset = next((value for name, value in raw if name == "charset"), "") or "gbk"
    if charset.lower() not in CHARSETS:
        raise invalid("invalid-charset", "无效的字符集参数")
    params: dict[str, str] = {}
    try:
        for name, value in raw:
            params.setdefault(name, value.encode("latin-1").decode(charset))
    except UnicodeError:
        raise invalid("invalid-charset", "参数与字符集不符") from None
    return params


def verify(params: dict[str, str], merchant: Merchant, at: float) -> Request:
    """Check one call as the original does: the app first, then its signature, then what that protects."""
    _require(params, "app_id")
    if params["app_id"] != merchant.app_id:
        raise invalid("invalid-app-id", "无效的AppID参数")
    _require(params, "method", "sign_type", "sign", "timestamp", "version")
    if params["sign_type"] != "RSA2":
        raise invalid("invalid-signature-type", "无效的签名类型")
    _check_signature(params, merchant)
    certificate_mode = _check_certificates(params, merchant)
    if params.get("format", "JSON").upper() != "JSON":
        raise invalid("invalid-format", "无效的数据格式")
    if params["version"] != "1.0":
        raise invalid("invalid-parameter", "version 固定为 1.0")
    return Request(
        method=params["method"],
        charset=params.get("charset", "gbk"),
        biz=_biz_content(params),
        notify_url=_url(params, "notify_url"),
        return_url=_url(params, "return_url"),
        is_certificate_mode=certificate_mode,
        clock_skew_seconds=_clock_skew(params["timestamp"], at),
    )


def _require(params: dict[str, str], *names: str) -> None:
    called = {"sign": "signature", "sign_type": "signature-type"}
    for name in names:
        if not params.get(name):
            raise missing(called.get(name, name.replace("_", "-")))


def signed_text(params: dict[str, str], *left_out: str) -> str:
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if params[name] and name not in left_out)


def sign(data: bytes, merchant: Merchant) -> str:
    signature = merchant.alipay_private_key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def answer(method: str, body: dict[str, Any], request: Request | None, signer: Merchant | None) -> bytes:
    """`{"<method>_response":{…},"sign":"…"}`, signed over the exact bytes of the inner object.

    Slashes are escaped as the original escapes them, so a client that re-serialises before it verifies fails.
    To an app that it does not know the original answers without a signature: no `signer`.
    """
    charset = request.charset if request else "utf-8"
    inner = json.dumps(body, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
    content = inner.encode(charset, "xmlcharrefreplace")
    name = f"{method.replace('.', '_')}_response" if method else "error_response"
    tail = ""
    if signer and request and request.is_certificate_mode:
        tail = f',"alipay_cert_sn":"{signer.alipay_cert_sn}"'
    if signer:
        tail += f',"sign":"{sign(content, signer)}"'
    return f'{{"{name}":'.encode() + content + tail.encode() + b"}"


def sign_notification(params: dict[str, str], merchant: Merchant) -> dict[str, str]:
    """Notifications are signed without `sign` and `sign_type`, unlike requests."""
    text = signed_text(params, "sign", "sign_type")
    data = text.encode(params.get("charset", "utf-8"), "replace")
    return params | {"sign": sign(data, merchant)}


def _check_signature(params: dict[str, str], merchant: Merchant) -> None:
    text = signed_text(params, "sign")
    try:
        signature = base64.b64decode(params["sign"], validate=True)
        data = text.encode(params.get("charset", "gbk"))
        merchant.app_public_key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        shown = text.replace("&", "&amp;")
        raise invalid(
            "invalid-signature",
            "验签出错,建议检查签名字符串或签名私钥与应用公钥是否匹配,网关生成的验签字符串为:" + shown,
        ) from None


def _check_certificates(params: dict[str, str], merchant: Merchant) -> bool:
    app_cert_sn, root_cert_sn = params.get("app_cert_sn"), params.get("alipay_root_cert_sn")
    if not app_cert_sn and not root_cert_sn:
        return False
    if not app_cert_sn:
        raise invalid("missing-app-cert-sn", "缺少应用公钥证书序列号")
    if not root_cert_sn:
        raise invalid("missing-alipay-root-cert-sn", "缺少支付宝根证书序列号")
    if app_cert_sn != merchant.app_cert_sn:
        raise invalid("app-cert-not-exist", "应用公钥证书不存在")
    if root_cert_sn != merchant.root_cert_sn:
        raise invalid("invalid-alipay-root-cert-sn", "支付宝根证书序列号错误")
    return True


def _clock_skew(timestamp: str, at: float) -> float:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", timestamp):
        raise invalid("invalid-timestamp", "非法的时间戳参数")
    try:
        sent = datetime.strptime(timestamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        raise invalid("invalid-timestamp", "非法的时间戳参数") from None
    skew = sent.timestamp() - at
    if abs(skew) > MAX_CLOCK_SKEW.total_seconds():
        raise invalid("invalid-timestamp", "时间戳已过期")
    return skew


def _biz_content(params: dict[str, str]) -> dict[str, Any]:
    if not params.get("biz_content"):
        raise GatewayError("40001", "isv.missing-parameter", "缺少参数: biz_content")
    try:
        biz = json.loads(params["biz_content"], parse_float=str, parse_int=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise invalid("illegal-json", "biz_content 不是合法的 JSON") from None
    if not isinstance(biz, dict):
        raise invalid("illegal-json", "biz_content 不是 JSON 对象")
    return biz


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _url(params: dict[str, str], name: str) -> str:
    url = params.get(name, "")
    if url and not re.fullmatch(r"https?://[!-~]{1,248}", url):
        raise invalid("invalid-parameter", f"{name} 无效")
    return url
