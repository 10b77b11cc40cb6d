"""Exact money: an integer of an asset's smallest unit. No float ever comes near it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from paygate.domain.errors import InvalidField

MAX_UNITS = 10**78 - 1  # NUMERIC(78,0), and every uint256 below 10^78
_PLAIN = re.compile(r"(0|[1-9][0-9]{0,77})(?:\.([0-9]{1,40}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asset:
    """What money is counted in: a code, the network it lives on (None for fiat), and its decimals."""

    code: str
    decimals: int
    network: str | None = None


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`units` of `asset`'s smallest unit; never negative."""

    units: int
    asset: Asset

    def __post_init__(self) -> None:
        if not 0 <= self.units <= MAX_UNITS:
            raise ValueError("money is between 0 and 10^78 - 1 units")

    def text(self) -> str:
        """The exact decimal, with all of the asset's decimals: 10000 fen → `100.00`."""
        return decimal_text(self.units, self.asset.decimals)


def decimal_text(units: int, decimals: int) -> str:
    """Write `units` of 10^-decimals as a plain decimal."""
    digits = str(units).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


def parse_money(text: str, asset: Asset, *, field: str = "amount") -> Money:
    """Read a plain decimal exactly; raises InvalidField naming `field` when it is not one, zero, or too fine.

    Trailing zeros beyond the asset's decimals are no extra precision: `1.500` CNY is `1.50`.
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise InvalidField(field, "must be a plain positive decimal such as 100.00")
    whole, fraction = match.group(1), (match.group(2) or "").rstrip("0")
    if len(fraction) > asset.decimals:
        raise InvalidField(field, f"{asset.code} has {asset.decimals} decimals")
    units = int(whole) * 10**asset.decimals + int(fraction.ljust(asset.decimals, "0") or "0")
    if units == 0:
        raise InvalidField(field, "must be more than zero")
    if units > MAX_UNITS:
        raise InvalidField(field, "is larger than any payment")
    return Money(units, asset)
