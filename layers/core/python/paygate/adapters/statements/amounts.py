"""Amounts and dates as statements write them, exactly."""

from __future__ import annotations

import re
from datetime import date

from paygate.domain.assets import CURRENCIES
from paygate.domain.bank_statement import StatementRefused
from paygate.domain.errors import InvalidField
from paygate.domain.money import Money, parse_money

_DECIMAL = re.compile(r"\+?0*([0-9]{0,30})(?:\.([0-9]{0,30}))?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def exact_money(text: str, currency: str, line: int) -> Money:
    """An XML decimal (`7`, `+07.50`, `8.85000`) as money, which may be zero; raises StatementRefused.

    Digits beyond the currency's decimals are accepted when they are zeros, and only then.
    """
    asset = CURRENCIES.get(currency)
    if asset is None:
        raise StatementRefused("currency", "an amount is in a currency that is not known here", line=line)
    match = _DECIMAL.fullmatch(text)
    if match is None or not any(map(str.isdigit, text)):
        raise StatementRefused("amount", "an amount is not a plain decimal number", line=line)
    whole, fraction = match.group(1) or "0", (match.group(2) or "").rstrip("0")
    if whole == "0" and not fraction:
        return Money(0, asset)
    try:
        return parse_money(f"{whole}.{fraction}" if fraction else whole, asset)
    except InvalidField:
        why = f"an amount has more decimals than {asset.code}, or is too large"
        raise StatementRefused("amount", why, line=line) from None


def day(text: str, line: int) -> date:
    """The date of an ISO 8601 date or time, as the bank wrote it, in whatever time zone."""
    try:
        if _DATE.match(text):
            return date.fromisoformat(text[:10])
    except ValueError:
        pass
    raise StatementRefused("date", "a date cannot be read", line=line)
