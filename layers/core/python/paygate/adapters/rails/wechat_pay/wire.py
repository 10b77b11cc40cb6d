"""WeChat Pay's forms of time and money: RFC 3339 in Beijing's time, whole fen as a JSON integer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from paygate.adapters.rails.times import SHANGHAI
from paygate.domain.assets import CURRENCIES
from paygate.domain.money import Money

CNY = CURRENCIES["CNY"]


def rfc3339(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def moment(written: str) -> datetime | None:
    """A time in UTC; None when it is not one: no money hangs on it."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None else None


def fen(amounts: dict[str, Any], name: str) -> Money | None:
    """None for what is no whole number: neither "100" nor 100.0 nor true are fen."""
    units = amounts.get(name)
    return Money(units, CNY) if type(units) is int and units >= 0 else None


def cut(words: str, longest: int) -> str:
    """At most `longest` bytes in UTF-8 and no control characters, whole characters only."""
    kept = "".join(char if char.isprintable() else " " for char in words).strip()
    return kept.encode()[:longest].decode(errors="ignore").strip()
