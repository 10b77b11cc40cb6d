"""Asynchronous notifications (opendocs.alipay.com, "异步通知说明"), verified over the bytes that came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.rails.alipay.wire import moment, yuan
from paygate.adapters.rails.forms import IS, as_signed, filled, joined, sorted_parts, taken
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
_SIGN, _SIGN_TYPE = b"sign" + IS, b"sign_type" + IS
_TIMES = {TradeStatus.PAID: "gmt_payment", TradeStatus.CLOSED: "gmt_close"}


def read(request: CallbackRequest, settings: AlipaySettings) -> Observation:
    """Raises CallbackRefused for all that Alipay did not sign as a trade's notification to a notify_url.

    Only the body counts: parameters of the query would otherwise mix into the signed set. Whatever `charset`
    the form is in, its values are percent-encoded in that charset and signed in that charset, so the decoded
    bytes are the signed bytes, and no text is decoded to verify. What is read is ASCII in each of them.
    """
    try:
        params = as_signed(genuine(request.body, settings))
    except ValueError:
        raise CallbackRefused("a parameter came twice") from None
    numbers = settings.certificate_numbers
    if numbers and _ascii(params, "alipay_cert_sn") not in ("", numbers.alipay):
        raise CallbackRefused("signed by a certificate that is not configured")
    # What the payer's browser carries to return_url is signed as well, and tells no state.
    if _ascii(params, "notify_type") != "trade_status_sync":
        raise CallbackRefused("not a trade's notification")
    return _observation(params, settings)


def genuine(body: bytes, settings: AlipaySettings) -> list[bytes]:
    """The parameters (forms.py) that Alipay is now known to have signed; raises CallbackRefused.

    `sign` and, unlike in requests, `sign_type` are not signed.
    """
    parts = sorted_parts(body)
    signature, kind = taken(parts, _SIGN), taken(parts, _SIGN_TYPE)
    if kind and kind != b"RSA2":
        raise CallbackRefused("not signed with RSA2")
    if is_signed(settings.alipay_public_key, joined(parts), signature):
        return parts
    # Alipay sends no empty values; should it, its SDKs disagree on whether they are signed.
    with_values = filled(parts)
    if with_values != parts and is_signed(settings.alipay_public_key, joined(with_values), signature):
        return with_values
    raise CallbackRefused("the signature does not verify")


def _observation(params: Mapping[bytes, bytes], settings: AlipaySettings) -> Observation:
    status = STATUSES.get(_ascii(params, "trade_status"))
    reference = _ascii(params, "out_trade_no")
    if status is None or not reference:
        raise CallbackRefused("no order, or no state that is known")
    refund_fee, number = _ascii(params, "refund_fee"), _ascii(params, "out_biz_no")
    rail_id = _ascii(params, "trade_no") or None
    try:
        amount = yuan(_ascii(params, "total_amount"))
        refunded = yuan(refund_fee) if refund_fee else None
    except ValueError:
        raise CallbackRefused("an amount is not one") from None
    return Observation(
        reference=reference,
        status=status,
        rail_id=rail_id,
        amount=amount,
        at=moment(_ascii(params, _TIMES.get(status, "notify_time"))),
        refunded=refunded,  # the sum of all refunds so far
        refund=ToldRefund(number, rail_id=rail_id) if refund_fee and number else None,
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
