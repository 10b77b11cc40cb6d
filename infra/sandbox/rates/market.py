"""What everything costs, exactly, and what a test changed about it."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

SOURCES = ("coinbase", "kraken", "coingecko")
DOLLARS = {"BTC": Decimal("61234.56"), "ETH": Decimal("3021.17"), "USDT": Decimal("1.0003")}
PER_DOLLAR = {
    "AUD": "1.5123", "BHD": "0.3769", "BRL": "5.6123", "CAD": "1.3712", "CHF": "0.8867", "CNY": "7.1234",
    "EUR": "0.9187", "GBP": "0.7743", "HKD": "7.8012", "INR": "84.0712", "JPY": "151.23", "KRW": "1378.41",
    "KWD": "0.3062", "MXN": "19.4123", "MYR": "4.3512", "NZD": "1.6543", "PHP": "57.812", "PLN": "3.9512",
    "SEK": "10.5123", "SGD": "1.3187", "THB": "33.712", "TWD": "32.0123", "USD": "1", "VND": "25312",
    "ZAR": "17.6123",
}  # fmt: skip
_SHIFTS = {"coinbase": Decimal("1.0002"), "kraken": Decimal("0.9999"), "coingecko": Decimal(1)}
_PLACES = Decimal("1e-10")
_WHOLE = Decimal(10_000)


@dataclass
class Source:
    """`age_seconds` is how old it says its rates are; a fault lasts for `remaining` calls (None: until cleared)."""

    shift: Decimal
    age_seconds: int = 0
    fault: str | None = None
    seconds: float = 0.0
    remaining: int | None = None
    currency: str | None = None


@dataclass
class Market:
    sources: dict[str, Source] = field(default_factory=dict)
    rates: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.sources = {name: Source(_SHIFTS[name]) for name in SOURCES}
            self.rates.clear()
            self.calls.clear()

    def rate(self, source: str, asset: str, currency: str) -> Decimal:
        """What one whole asset costs there; each source sees it a little differently."""
        with self.lock:
            base = self.rates.get((asset, currency), DOLLARS[asset] * Decimal(PER_DOLLAR[currency]))
            return (base * self.sources[source].shift).quantize(_PLACES, ROUND_HALF_EVEN)

    def put(self, asset: str, currency: str, rate: Decimal) -> None:
        with self.lock:
            self.rates[asset, currency] = rate

    def shift(self, source: str, basis_points: int) -> None:
        with self.lock:
            self.sources[source].shift = 1 + basis_points / _WHOLE

    def script(self, source: str, changes: dict[str, Any]) -> None:
        with self.lock:
            for name, value in changes.items():
                setattr(self.sources[source], name, value)

    def take_fault(self, source: str, currency: str | None) -> Source | None:
        """Count the call, and use up one of its fault, where that is meant."""
        with self.lock:
            self.calls[source] += 1
            at = self.sources[source]
            if at.fault is None or at.remaining == 0 or at.currency not in (None, currency):
                return None
            at.remaining = None if at.remaining is None else at.remaining - 1
            return at
