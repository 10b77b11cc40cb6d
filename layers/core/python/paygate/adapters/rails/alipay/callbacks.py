"""Asynchronous notifications (opendocs.alipay.com, "异步通知说明"), verified over the bytes that came."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from paygate.adapters.rails.alipay.wire import moment, yuan
from paygate.adapters.rails.rsa import is_signed
from paygate.domain.errors import CallbackRefused
from paygate.ports import CallbackReply, Observation, ToldRefund, TradeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.adapters.rails.alipay.settings import AlipaySettings
    from paygate.ports import CallbackRequest

ACCEPTED = CallbackReply(200, "text/plain", "success")  # anything else, and Alipay sends again
REFUSED = CallbackReply(400, "text/plain", "failure")

STATUSES = {
    "WAIT_BUYER_PAY": TradeStatus.WAITING,
    "TRADE_SUCCESS": TradeStatus.PAID,
    "TRADE_FINISHED": TradeStatus.PAID,
    "TRADE_CLOSED": TradeStatus.CLOSED,
}
_UNSIGNED = frozenset({b"sign", b"sign_type"})
_TIMES = {TradeStatus.PAID: "gmt_payment", TradeStatus.CLOSED: "gmt_close"}


def read(request: CallbackRequest, settings: AlipaySettings) -> Observation:
    """Raises CallbackRefused for all that Alipay did not sign as a trade's notification to a notify_url.

    Only the body counts: parameters of the query would otherwise mix into the signed set. Whatever `charset`
    the form is in, its values are percent-encoded in that charset and signed in that charset, so the decoded
    bytes are the signed bytes, and no text is decoded to verify. What is read is ASCII in each of them.
    """
    params = _form(request.body)
    _verify(params, settings)
    # What the payer's browser carries to return_url is signed as well, and tells no state.
    if _ascii(params, "notify_type") != "trade_status_sync":
        raise CallbackRefused("not a trade's notification")
    return _observation(params, settings)


def _form(body: bytes) -> dict[bytes, bytes]:
    params: dict[bytes, bytes] = {}
    for pair in body.strip().split(b"&"):
        name, _, value = pair.partition(b"=")
        name, value = _unescaped(name), _unescaped(value)
        if name in params:
            raise CallbackRefused("a parameter came twice")
        params[name] = value
    return params


def _unescaped(part: bytes) -> bytes:
    spaced = part.replace(b"+", b" ")
    return unquote_to_bytes(spaced) if b"%" in spaced else spaced


def _verify(params: Mapping[bytes, bytes], settings: AlipaySettings) -> None:
    if params.get(b"sign_type", b"RSA2") != b"RSA2":
        raise CallbackRefused("not signed with RSA2")
    numbers = settings.certificate_numbers
    if numbers and _ascii(params, "alipay_cert_sn") not in ("", numbers.alipay):
        raise CallbackRefused("signed by a certificate that is not configured")
    signature = params.get(b"sign", b"")
    # Alipay sends no empty values; should it, its SDKs disagree on whether they are signed.
    for keeps_empty in (False, True):
        if is_signed(settings.alipay_public_key, _signed(params, keeps_empty=keeps_empty), signature):
            return
    raise CallbackRefused("the signature does not verify")


def _signed(params: Mapping[bytes, bytes], *, keeps_empty: bool) -> bytes:
    """`sign` and, unlike in requests, `sign_type` are left out."""
    kept = sorted(name for name in params if name not in _UNSIGNED and (keeps_empty or params[name]))
    return b"&".join(name + b"=" + params[name] for name in kept)


def _observation(params: Mapping[bytes, bytes], settings: AlipaySettings) -> Observation:
    status = STATUSES.get(_ascii(params, "trade_status"))
    reference = _ascii(params, "out_trade_no")
    if status is None or not reference:
        raise CallbackRefused("no order, or no state that is known")
    refund_fee, number = _ascii(params, "refund_fee"), _ascii(params, "out_biz_no")
    try:
        amount = yuan(_ascii(params, "total_amount"))
        refunded = yuan(refund_fee) if refund_fee else None
    except ValueError:
        raise CallbackRefused("an amount is not one") from None
    return Observation(
        reference=reference,
        status=status,
        rail_id=_ascii(params, "trade_no") or None,
        amount=amount,
        at=moment(_ascii(params, _TIMES.get(status, "notify_time"))),
        refunded=refunded,  # the sum of all refunds so far
        refund=ToldRefund(number) if refund_fee and number else None,
        mismatch=_mismatch(params, settings),
    )


def _mismatch(params: Mapping[bytes, bytes], settings: AlipaySettings) -> str | None:
    ours = {"app_id": settings.app_id, "seller_id": settings.seller_id}
    other = next((name for name, value in ours.items() if _ascii(params, name) != value), None)
    is_cny = _ascii(params, "trans_currency") in ("", "CNY")
    return other or (None if is_cny else "currency")


def _ascii(params: Mapping[bytes, bytes], name: str) -> str:
    try:
        return params.get(name.encode("ascii"), b"").decode("ascii")
    except UnicodeDecodeError:
        raise CallbackRefused(f"{name} is not ASCII") from None
