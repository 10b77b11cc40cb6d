"""How sure a transfer must be before it is money, by how much is due, and how little is enough."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from paygate.domain.errors import InvalidField
from paygate.domain.money import parse_money

if TYPE_CHECKING:
    from paygate.domain.money import Asset, Money

FINAL = "final"
_MOST_BLOCKS = 1000
_NOTHING = re.compile(r"0(\.0+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tier:
    """Up to `units` (None: however much) `blocks` are needed, the transfer's own among them; None: finality."""

    units: int | None
    blocks: int | None


@dataclass(frozen=True, slots=True)
class Policy:
    """Of one method. `tolerance` is in the asset's units."""

    asset: Asset
    tiers: tuple[Tier, ...]
    tolerance: int = 0

    def blocks(self, due: Money) -> int | None:
        """None: the chain's own finality."""
        return next(tier.blocks for tier in self.tiers if tier.units is None or due.units <= tier.units)


def read_tiers(text: str, asset: Asset, *, has_finality: bool) -> tuple[Tier, ...]:
    """`0.01:1,0.1:3,6`: up to 0.01 one block, up to 0.1 three, above six. Raises ValueError with what is wrong."""
    tiers = []
    *lower, last = (part.strip() for part in text.split(","))
    for part in lower:
        amount, colon, blocks = part.partition(":")
        if not colon:
            raise ValueError("must name an amount for each number but the last, like 0.01:1,0.1:3,6")
        tiers.append(Tier(_units(amount, asset), _blocks(blocks, has_finality=has_finality)))
    tiers.append(Tier(None, _blocks(last, has_finality=has_finality)))
    for smaller, larger in pairwise(tiers):
        if larger.units is not None and larger.units <= (smaller.units or 0):
            raise ValueError("must name growing amounts")
        if (larger.blocks or _MOST_BLOCKS + 1) < (smaller.blocks or _MOST_BLOCKS + 1):
            raise ValueError("must not ask less of a larger amount")
    return tuple(tiers)


def read_tolerance(text: str, asset: Asset) -> int:
    """A decimal amount. Raises ValueError."""
    return 0 if _NOTHING.fullmatch(text.strip()) else _units(text, asset)


def _units(text: str, asset: Asset) -> int:
    try:
        return parse_money(text.strip(), asset).units
    except InvalidField:
        raise ValueError(f"must name amounts in {asset.code}, of at most {asset.decimals} decimals") from None


def _blocks(text: str, *, has_finality: bool) -> int | None:
    if text.strip() == FINAL:
        if not has_finality:
            raise ValueError("must be numbers: this chain calls no block final")
        return None
    number = text.strip()
    if not (number.isascii() and number.isdigit() and len(number) <= 4 and 0 < int(number) <= _MOST_BLOCKS):  # noqa: PLR2004
        raise ValueError(f"must count blocks, 1 to {_MOST_BLOCKS}{f', or say {FINAL}' if has_finality else ''}")
    return int(number)
