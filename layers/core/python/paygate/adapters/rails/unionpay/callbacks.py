"""Notifications (后台通知): an ordinary form, of what succeeded and of nothing else, verified over its fields.

Accepted by HTTP 200 within 10 s, else sent five times in all, 0, 1, 2 and 4 minutes after one another (the comments
of the rail's own server samples). A front notification (前台通知), which the payer's browser posts to frontUrl, has
the same fields and signature and nothing that tells it apart: posted to backUrl by whomever, it is UnionPay's word
all the same, and is taken.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from paygate.adapters.rails.forms import IS, as_signed, filled, joined, sorted_parts, taken, value
from paygate.adapters.rails.rsa import is_signed
from paygate.adapters.rails.unionpay import codes
from paygate.adapters.rails.unionpay.orders import REFUND, VOID, named
from paygate.adapters.rails.unionpay.trades import is_yuan, observation, traced_at
from paygate.adapters.rails.unionpay.wire import fen, texts
from paygate.domain.errors import CallbackRefused
from paygate.ports import CallbackReply, Observation, RefundStatus, ToldRefund, TradeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from paygate.adapters.rails.unionpay.certificates import Signers
    from paygate.adapters.rails.unionpay.settings import UnionPaySettings
    from paygate.ports import CallbackRequest

ACCEPTED = CallbackReply(200, "text/plain", "ok")  # the samples answer so; only the status counts
REFUSED = CallbackReply(400, "text/plain", "failure")
_PAYMENT = "01"
_VERSION, _METHOD = b"version" + IS + b"5.1.0", b"signMethod" + IS + b"01"
_CERTIFICATE, _SIGNATURE = b"signPubKeyCert" + IS, b"signature" + IS
_OF_A_NOTIFICATION = ("queryId", "traceNo", "traceTime", "settleAmt")


def read(
    request: CallbackRequest, settings: UnionPaySettings, signers: Signers, at: datetime
) -> Observation | None:
    """Raises CallbackRefused for all that UnionPay did not sign as a notification; `at` is when it came.

    Only the body counts: parameters of the query would otherwise mix into the signed set.
    """
    try:
        found = texts(as_signed(genuine(request.body, signers, at)))
    except ValueError:
        raise CallbackRefused("not a form of ours to read") from None
    return _told(found, settings)


def genuine(body: bytes, signers: Signers, at: datetime) -> list[bytes]:
    """The fields (forms.py) that UnionPay is now known to have signed; raises CallbackRefused."""
    parts = sorted_parts(body)
    signature = taken(parts, _SIGNATURE)
    if _VERSION in parts and _METHOD in parts:
        key = signers.key(value(parts, _CERTIFICATE), at)
        if key is not None and is_signed(key, _digest(parts), signature):
            return parts
        with_values = filled(parts)  # the others are not signed
        if key is not None and with_values != parts and is_signed(key, _digest(with_values), signature):
            return with_values
    raise CallbackRefused("the signature does not verify")


def _digest(parts: list[bytes]) -> bytes:
    return sha256(joined(parts)).hexdigest().encode()


def _told(found: Mapping[str, str], settings: UnionPaySettings) -> Observation | None:
    """UnionPay signs its answers to us just so: one that turned up here would make "accepted" into "done"."""
    code, kind = found.get("respCode", ""), found.get("txnType", "")
    is_done = code in (codes.SUCCESS, codes.FLAWED)
    if "origRespCode" in found or not found.get("orderId"):
        raise CallbackRefused("not a notification")
    if is_done and not all(found.get(name) for name in _OF_A_NOTIFICATION):
        raise CallbackRefused("not a notification of money that moved")
    if found.get("merId") != settings.mer_id:
        return Observation(found["orderId"], TradeStatus.WAITING, mismatch="merchant")
    if kind == _PAYMENT:
        return _payment(found, code)
    return _given_back(found, code) if kind in (VOID, REFUND) and is_done else None


def _payment(found: Mapping[str, str], code: str) -> Observation:
    """Of a failure, which a front notification may tell, the payer may try again: nothing is decided."""
    if code == codes.SUCCESS:
        if fen(found.get("txnAmt", "")) is None:
            raise CallbackRefused("an amount is not one")
        return observation(found, code, TradeStatus.PAID)
    is_under_way = code in codes.UNDER_WAY or code == codes.FLAWED
    return observation(found, code, TradeStatus.PROCESSING if is_under_way else TradeStatus.WAITING)


def _given_back(found: Mapping[str, str], code: str) -> Observation:
    """A void or refund. It names the payment by UnionPay's number of it (origQryId), and in reqReserved, if it was
    ours, by our reference. What the whole payment was it does not say: for that UnionPay is asked.
    """
    reference, refund = named(found.get("reqReserved", ""))
    amount = fen(found.get("txnAmt", ""))
    if amount is None:
        raise CallbackRefused("an amount is not one")
    is_flawed = code == codes.FLAWED
    told = ToldRefund(
        reference=refund or found["orderId"],
        status=RefundStatus.STUCK if is_flawed else RefundStatus.SUCCEEDED,
        amount=amount,
        rail_id=found["queryId"],
        reason=code if is_flawed else None,
    )
    return Observation(
        reference=reference,
        status=TradeStatus.PAID,
        rail_id=found.get("origQryId") or None,
        at=traced_at(found),
        refund=told,
        mismatch=None if is_yuan(found) else "currency",
        is_hint=is_yuan(found),
    )
