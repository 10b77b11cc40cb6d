"""Amounts as Core's JSON has them, in bitcoins, and as we count, in satoshis."""

from __future__ import annotations

import re
from typing import Any

from paygate.domain.assets import BTC
from paygate.domain.errors import NodeUnavailable
from paygate.domain.money import decimal_text

_AMOUNT = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,8}))?", re.ASCII)
_BITCOIN = 100_000_000  # satoshis


def satoshis(amount: Any) -> int:
    """A JSON number of bitcoins, which arrives as text or, without a fraction, as an integer."""
    match = _AMOUNT.fullmatch(str(amount))
    if match is None:
        raise NodeUnavailable("the node's answer has no amount")
    return int(match[1]) * _BITCOIN + int((match[2] or "").ljust(8, "0"))


def bitcoins(units: int) -> str:
    return decimal_text(units, BTC.decimals)
