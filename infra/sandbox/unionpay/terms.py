"""What a merchant may ask of the gateway: the kinds of transactions, and their fields one by one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from infra.sandbox.unionpay.certificates import Parties
from infra.sandbox.unionpay.errors import Refused, Unreadable
from infra.sandbox.unionpay.wire import Fields, is_signed, read_timestamp

# Guesses: txnTime "must be the current time" (the rail's own samples), and nothing says how current; an order
# without payTimeout lives "as long as the gateway allows".
MAX_SKEW_SECONDS = 3600
DEFAULT_PAY_SECONDS = 86400
BIZ_TYPES = {"000000", "000201"}


@dataclass(frozen=True)
class Kind:
    """One transaction of the specification: where it is posted, what marks it, what it must and may not lack."""

    name: str
    door: str
    txn_type: str
    txn_sub_type: str
    channels: frozenset[str]
    required: frozenset[str]


_PAYMENT = frozenset({"orderId", "txnTime", "txnAmt", "currencyCode", "backUrl", "channelType"})
_RETURN = frozenset({"orderId", "txnTime", "txnAmt", "origQryId", "backUrl", "channelType"})
_ANY, _MOBILE = frozenset({"07", "08"}), frozenset({"08"})
KINDS = (
    Kind("front", "frontTransReq", "01", "01", _ANY, _PAYMENT | {"frontUrl"}),
    Kind("app", "appTransReq", "01", "01", _MOBILE, _PAYMENT),
    Kind("qr", "backTransReq", "01", "07", _MOBILE, _PAYMENT),
    Kind("void", "backTransReq", "31", "00", _ANY, _RETURN),
    Kind("refund", "backTransReq", "04", "00", _ANY, _RETURN),
    Kind("query", "queryTrans", "00", "00", frozenset(), frozenset()),
)
PAYMENTS = ("front", "app", "qr")
# Without these, or with strange ones, the original's web server is in the way: HTTP 400 for a field that no
# specification has, the words "Invalid request." when something basic lacks, of payments also backUrl (both seen
# by users of the test system; which status the latter has is a guess).
BASIC = ("version", "encoding", "signMethod", "certId", "signature", "merId", "txnType", "txnSubType", "bizType")
_FIELDS = """
    accNo accType accessType acqInsCode backUrl bizType cardTransData certId channelType currencyCode customerInfo
    customerIp defaultPayType encoding encryptCertId frontFailUrl frontUrl instalTransInfo issInsCode merAbbr
    merCatCode merId merName orderDesc orderId orderTimeout origQryId payCardType payTimeout payType qrValidTime
    queryId reqReserved reserved riskRateInfo signMethod signature subMerAbbr subMerId subMerName supPayType
    termId tokenPayData txnAmt txnSubType txnTime txnType userMac version
"""
KNOWN = frozenset(_FIELDS.split())


@dataclass(frozen=True)
class Request:
    kind: Kind
    fields: Fields
    amount: int
    expires_at: float
    clock_skew_seconds: float


def read(door: str, fields: Fields, parties: Parties, at: float) -> Request:
    """Judge a call as the original does: is it for us and signed, then what it says."""
    _require_identity(fields, parties)
    if not is_signed(fields, parties.public_key):
        raise Refused("11")
    kind = next((kind for kind in KINDS if _is_of(kind, door, fields)), None)
    if kind is None or fields["bizType"] not in BIZ_TYPES or fields["encoding"].upper() != "UTF-8":
        raise Refused("10")
    if fields.get("accessType") != "0" or (kind.channels and fields.get("channelType", "") not in kind.channels):
        raise Refused("10")
    missing = sorted(name for name in kind.required if not fields.get(name))
    if missing:
        raise Refused("13", f"[{missing[0]}]")
    _check_order_id(fields)
    if kind.name == "query":
        return Request(kind, fields, 0, at, 0.0)
    _check_urls(fields)
    skew = _clock_skew(fields, at)
    return Request(kind, fields, _amount(fields), _expires_at(fields, at), skew)


def _require_identity(fields: Fields, parties: Parties) -> None:
    if set(fields) - KNOWN:
        raise Unreadable(400, "HTTP Status 400")
    is_payment = fields.get("txnType") == "01"
    if not all(fields.get(name) for name in BASIC) or (is_payment and not fields.get("backUrl")):
        raise Unreadable(200, "Invalid request.")
    if (fields["merId"], fields["certId"]) != (parties.mer_id, parties.cert_id):
        raise Refused("11")  # so the samples' list of known questions explains this code
    if (fields["version"], fields["signMethod"]) != ("5.1.0", "01"):
        raise Refused("10")


def _is_of(kind: Kind, door: str, fields: Fields) -> bool:
    asked = (door, fields["txnType"], fields["txnSubType"])
    return asked == (kind.door, kind.txn_type, kind.txn_sub_type)


def _check_order_id(fields: Mapping[str, str]) -> None:
    """8 to 40 letters and digits, no hyphen or underscore. A query may name a queryId in its place."""
    if fields["txnType"] == "00" and fields.get("queryId"):
        return
    if not re.fullmatch(r"[0-9A-Za-z]{8,40}", fields.get("orderId", "")):
        raise Refused("10", "[orderId]")
    if read_timestamp(fields.get("txnTime", "")) is None:
        raise Refused("10", "[txnTime]")


def _check_urls(fields: Fields) -> None:
    for name in ("backUrl", "frontUrl", "frontFailUrl"):
        if fields.get(name) and not re.fullmatch(r"https?://[!-~]{1,248}", fields[name]):
            raise Refused("10", f"[{name}]")


def _clock_skew(fields: Fields, at: float) -> float:
    skew = (read_timestamp(fields["txnTime"]) or 0) - at
    if abs(skew) > MAX_SKEW_SECONDS:
        raise Refused("10", "[txnTime无效]")
    return skew


def _amount(fields: Fields) -> int:
    """Fen, digits only; CNY, which a refund need not repeat."""
    if not re.fullmatch(r"[1-9][0-9]{0,11}", fields["txnAmt"]):
        raise Refused("10", "[txnAmt]")
    if fields.get("currencyCode", "156") != "156":
        raise Refused("10", "[currencyCode]")
    return int(fields["txnAmt"])


def _expires_at(fields: Fields, at: float) -> float:
    if not fields.get("payTimeout"):
        return at + DEFAULT_PAY_SECONDS
    expires_at = read_timestamp(fields["payTimeout"])
    if expires_at is None:
        raise Refused("10", "[payTimeout]")
    if expires_at <= at:
        raise Refused("39")
    return expires_at
