"""UnionPay's forms of time, money and messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from paygate.adapters.rails.times import SHANGHAI
from paygate.domain.assets import CURRENCIES
from paygate.domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping

CNY = CURRENCIES["CNY"]
CNY_CODE = "156"  # ISO 4217's number of it
_STAMP = "%Y%m%d%H%M%S"
_LONGEST_AMOUNT = 12
_HALF_A_YEAR = timedelta(days=183)
_NESTS = ((b"{", b"}"), (b"[", b"]"))


def beijing(at: datetime) -> str:
    """`YYYYMMDDhhmmss`, the form of txnTime and payTimeout."""
    return at.astimezone(SHANGHAI).strftime(_STAMP)


def settlement_day(at: datetime) -> str:
    """The day that UnionPay clears it with (清算日): from 23:00 of the day before to 23:00."""
    return beijing(at + timedelta(hours=1))[:8]


def trace_moment(trace_time: str, sent: datetime) -> datetime | None:
    """traceTime (`MMDDhhmmss`) of an order that was sent then, in UTC; None when it is no time.

    It has no year: it is the one that brings it nearest. No money hangs on it.
    """
    year = sent.astimezone(SHANGHAI).year
    found = (moment(f"{year + step}{trace_time}") for step in (0, 1, -1))
    return next((at for at in found if at is not None and abs(at - sent) < _HALF_A_YEAR), None)


def moment(stamp: str) -> datetime | None:
    """A txnTime in UTC; None when it is not one."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) == len("YYYYMMDDhhmmss")):
        return None
    try:
        parts = (int(stamp[start : start + 2]) for start in range(4, 14, 2))
        return datetime(int(stamp[:4]), *parts, tzinfo=SHANGHAI).astimezone(UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None


def fen(text: str) -> Money | None:
    """`txnAmt`, `settleAmt`: fen, digits only; None when it is not an amount."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_AMOUNT):
        return None
    return Money(int(text), CNY)


def read_answer(body: bytes) -> dict[bytes, bytes]:
    """An answer's fields. It is `k=v&k=v` and not percent-encoded: a `+` is a plus, and `=` may be in a value.

    A value in {} or [] may hold `&` (the rail's own SDK, SDKUtil.parseQString). Raises ValueError.
    """
    parts: list[bytes] = []
    for part in body.strip().split(b"&"):
        if parts and _is_open(parts[-1]):
            parts[-1] += b"&" + part
        else:
            parts.append(part)
    fields: dict[bytes, bytes] = {}
    for part in parts:
        name, _, value = part.partition(b"=")
        _put(fields, name, value)
    return fields


def texts(fields: Mapping[bytes, bytes]) -> dict[str, str]:
    """Raises UnicodeDecodeError, a ValueError: the messages are in the encoding that we ask for, UTF-8."""
    return {name.decode(): value.decode() for name, value in fields.items()}


def _put(fields: dict[bytes, bytes], name: bytes, value: bytes) -> None:
    if not name or name in fields:
        raise ValueError("a field came twice, or without a name")
    fields[name] = value


def _is_open(value: bytes) -> bool:
    return any(value.count(begin) > value.count(end) for begin, end in _NESTS)
