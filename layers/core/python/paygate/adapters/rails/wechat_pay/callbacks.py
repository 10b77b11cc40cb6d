"""Callbacks ("支付成功回调通知", "退款结果回调通知"), verified over the bytes that came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.rails.exact_json import inner, read_object, text
from paygate.adapters.rails.wechat_pay import trades
from paygate.adapters.rails.wechat_pay.signing import Probe, Unverified, verify
from paygate.domain.errors import CallbackRefused, SignatureProbe
from paygate.ports import CallbackReply

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from paygate.adapters.rails.wechat_pay.settings import WechatPaySettings
    from paygate.ports import CallbackRequest, Observation

ACCEPTED = CallbackReply(204, "application/json", "")
REFUSED = CallbackReply(401, "application/json", '{"code":"FAIL","message":"the callback does not verify"}')


def require_genuine(request: CallbackRequest, at: datetime, find: Callable[[str], RSAPublicKey | None]) -> None:
    """Raises SignatureProbe, CallbackRefused."""
    try:
        verify(request.headers, request.body, at, find)
    except Probe as probe:
        raise SignatureProbe(str(probe)) from None
    except Unverified as unverified:
        raise CallbackRefused(str(unverified)) from None


def read(body: bytes, opened: Callable[[dict[str, Any]], bytes], settings: WechatPaySettings) -> Observation | None:
    """What a genuine callback says; None when it is about neither a payment nor a refund."""
    try:
        envelope = read_object(body)
        kind = text(envelope, "event_type").partition(".")[0]
        if kind not in ("TRANSACTION", "REFUND"):
            return None
        content = read_object(opened(inner(envelope, "resource")))
        if kind == "REFUND":
            return _named(trades.told_refund(content, settings))
        if text(content, "trade_state") not in trades.STATUSES:
            raise ValueError("no state that is known")  # noqa: TRY301
        return _named(trades.paid_order(content, settings))
    except ValueError as error:  # bad base64, UTF-8 and JSON as well
        raise CallbackRefused(f"it cannot be read: {_plain(error)}") from None


def _named(seen: Observation) -> Observation:
    if not seen.reference:
        raise ValueError("no order")
    return seen


def _plain(error: ValueError) -> str:
    """Our own words; an error of Python's quotes what it could not read."""
    return str(error) if type(error) is ValueError else type(error).__name__
