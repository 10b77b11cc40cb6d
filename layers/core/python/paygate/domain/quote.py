"""A rate that is locked for one payment, and what money comes to at it. Exact: decimals and integers only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from paygate.domain.errors import QuoteUnavailable
from paygate.domain.events import iso
from paygate.domain.money import Asset, Money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEAST_SOURCES = 2
SHOWN_DECIMALS = {"BTC": 8, "ETH": 6, "USDT": 2}
"""How many decimals a payer is asked to type, per asset: what every wallet and exchange takes, and worth a cent or
less (docs/crypto.md). What a quote makes due has no more.
"""
_AHEAD = timedelta(seconds=10)  # clocks differ, and HTTP dates are whole seconds
_EXACT = Context(prec=120, traps=[Inexact, InvalidOperation])
_WHOLE = 10_000  # basis points


@dataclass(frozen=True, slots=True)
class Rate:
    """What one whole unit of an asset costs, who says so, and when it was so."""

    source: str
    value: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class QuoteRules:
    """How old a rate may be, and how far the highest may lie above the lowest."""

    max_age_seconds: int
    max_spread_basis_points: int


@dataclass(frozen=True, slots=True)
class Quote:
    """`rate` is the median of `rates`: what one whole `asset` costs in `currency`."""

    asset: str
    currency: str
    rate: Decimal
    rates: tuple[Rate, ...]
    locked_at: datetime

    def convert(self, price: Money, asset: Asset) -> Money:
        """The price in `asset`, rounded up to what a payer can type: in the shop's favour, by less than a step."""
        step = 10 ** max(asset.decimals - SHOWN_DECIMALS.get(asset.code, asset.decimals), 0)
        whole = Fraction(price.units, 10**price.asset.decimals) / Fraction(self.rate)
        return Money(_up(whole * 10**asset.decimals / step) * step, asset)

    def fields(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {
            "rate": plain(self.rate),
            "currency": self.currency,
            "asset": self.asset,
            "sources": [{"name": one.source, "rate": plain(one.value), "at": iso(one.at)} for one in self.rates],
            "lockedAt": iso(self.locked_at),
        }


def lock(asset: str, currency: str, rates: Sequence[Rate], at: datetime, rules: QuoteRules) -> Quote:
    """The median of the rates that are fresh; raises QuoteUnavailable when they are too few or too far apart."""
    oldest = at - timedelta(seconds=rules.max_age_seconds)
    fresh = sorted((one for one in rates if oldest <= one.at <= at + _AHEAD), key=lambda one: one.value)
    if len(fresh) < LEAST_SOURCES:
        raise QuoteUnavailable(f"{len(fresh)} of {len(rates)} answers are fresh, {LEAST_SOURCES} are needed")
    lowest, highest = Fraction(fresh[0].value), Fraction(fresh[-1].value)
    if (highest - lowest) * _WHOLE > lowest * rules.max_spread_basis_points:
        raise QuoteUnavailable("the rates are too far apart")
    by_name = tuple(sorted(fresh, key=lambda one: one.source))
    return Quote(asset, currency, _median([one.value for one in fresh]), by_name, at)


def quote_of(fields: Mapping[str, Any]) -> Quote:
    """What `fields` wrote."""
    rates = tuple(Rate(one["name"], Decimal(one["rate"]), _time(one["at"])) for one in fields["sources"])
    rate = Decimal(fields["rate"])
    return Quote(fields["asset"], fields["currency"], rate, rates, _time(fields["lockedAt"]))


def in_due(part: Money, price: Money, due: Money) -> Money:
    """A part of the price in what is due for it, without what is less than the smallest unit.

    It is the locked rate with its rounding, so that the whole price is exactly what is due.
    """
    return Money(part.units * due.units // price.units, due.asset)


def mean(low: Decimal, high: Decimal) -> Decimal:
    return _EXACT.divide(_EXACT.add(low, high), Decimal(2))


def plain(value: Decimal) -> str:
    """Without an exponent, and without zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _median(values: Sequence[Decimal]) -> Decimal:
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else mean(values[middle - 1], values[middle])


def _up(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
