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


def unsealed(body: bytes, opened: Callable[[dict[str, Any]], bytes]) -> tuple[str, bytes] | None:
    """What a genuine callback is about, and what was sealed in it; None when it is neither payment nor refund.

    Raises ValueError.
    """
    envelope = read_object(body)
    kind = text(envelope, "event_type").partition(".")[0]
    return (kind, opened(inner(envelope, "resource"))) if kind in ("TRANSACTION", "REFUND") else None


def read(body: bytes, opened: Callable[[dict[str, Any]], bytes], settings: WechatPaySettings) -> Observation | None:
    """What a genuine callback says; None when it is about neither a payment nor a refund."""
    try:
        found = unsealed(body, opened)
        if found is None:
            return None
        kind, content = found[0], read_object(found[1])
        if kind == "REFUND":
            return _named(trades.told_refund(content, settings))
        if text(content, "trade_state") not in trades.STATUSES:
            raise ValueError("no state that is known")  # noqa: TRY301
        return _named(trades.paid_order(content, settings))
    except ValueError as error:  # bad base64, UTF-8 and JSON as well: they tell places, and quote nothing
        raise CallbackRefused(f"it cannot be read: {error}") from None


def _named(seen: Observation) -> Observation:
    if not seen.reference:
        raise ValueError("no order")
    return seen
