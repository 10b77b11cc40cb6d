"""Rates are asked for at once, waited for a short time only, and kept for a few seconds."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from paygate import budget
from paygate.domain.errors import QuoteUnavailable
from paygate.domain.quote import QuoteRules, Rate
from paygate.services.quotes import KEPT_SECONDS, Quotes

RULES = QuoteRules(max_age_seconds=120, max_spread_basis_points=150)
LONG = 30.0


@dataclass
class StillClock:
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@dataclass
class FakeRates:
    """Answers with `value` once `gate` is open; None: it has no such rate."""

    name: str
    clock: StillClock
    value: str | None = "100"
    gate: threading.Event = field(default_factory=threading.Event)
    calls: int = 0

    def rate(self, asset: str, currency: str, /) -> Rate:
        self.calls += 1
        assert self.gate.wait(LONG)
        if self.value is None:
            raise QuoteUnavailable("no such rate")
        return Rate(self.name, Decimal(self.value), self.clock.now())


@dataclass
class CountingMeter:
    counted: Counter[str] = field(default_factory=Counter)

    def count(self, name: str, /, value: int = 1, **dimensions: str) -> None:
        self.counted[" ".join([name, *dimensions.values()])] += value

    def measure(self, *_: Any, **__: Any) -> None: ...

    def gauge(self, *_: Any, **__: Any) -> None: ...

    def alarm(self, *_: Any, **__: Any) -> None: ...


@dataclass
class World:
    clock: StillClock
    meter: CountingMeter
    sources: list[FakeRates]
    quotes: Quotes

    def calls(self) -> list[int]:
        return [source.calls for source in self.sources]


def world(*values: str | None, answer_seconds: float = LONG) -> World:
    clock, meter = StillClock(), CountingMeter()
    sources = [FakeRates(f"source{n}", clock, value) for n, value in enumerate(values)]
    for source in sources:
        source.gate.set()
    return World(clock, meter, sources, Quotes(sources, RULES, clock, meter, answer_seconds))


def test_the_median_of_what_answers() -> None:
    quote = world("100", "101", "100.3").quotes("BTC", "EUR")
    assert (quote.asset, quote.currency, quote.rate, len(quote.rates)) == ("BTC", "EUR", Decimal("100.3"), 3)


def test_sources_are_asked_at_once() -> None:
    asked = world("100", "100")
    together = threading.Barrier(2)
    for source in asked.sources:
        source.gate.wait = lambda _: together.wait(LONG) >= 0  # type: ignore[method-assign]
    assert len(asked.quotes("BTC", "EUR").rates) == 2


def test_a_source_that_has_no_rate_is_counted_and_left_out() -> None:
    asked = world("100", "101", None)
    assert [rate.source for rate in asked.quotes("BTC", "CNY").rates] == ["source0", "source1"]
    assert asked.meter.counted == {"RatesMissing source2": 1}


def test_a_source_that_is_late_is_not_waited_for() -> None:
    asked = world("100", "101", "102", answer_seconds=0.05)
    late = asked.sources[2]
    late.gate.clear()
    try:
        assert len(asked.quotes("BTC", "EUR").rates) == 2
        assert asked.meter.counted == {"RatesMissing source2": 1}
    finally:
        late.gate.set()


def test_the_invocation_s_budget_ends_the_wait_earlier() -> None:
    asked = world("100", "101", "102")
    asked.sources[2].gate.clear()
    started = time.monotonic()
    try:
        with budget.limit(0.1):
            assert len(asked.quotes("BTC", "EUR").rates) == 2
    finally:
        asked.sources[2].gate.set()
    assert time.monotonic() - started < LONG / 2


def test_one_source_alone_is_refused_and_counted() -> None:
    asked = world("100", None, None)
    with pytest.raises(QuoteUnavailable):
        asked.quotes("BTC", "EUR")
    assert asked.meter.counted["QuotesUnavailable BTC EUR"] == 1


def test_a_burst_is_one_call_a_source_also_where_one_fails() -> None:
    asked = world("100", "101", None)
    with ThreadPoolExecutor(8) as pool:
        quotes = list(pool.map(lambda _: asked.quotes("BTC", "EUR"), range(40)))
    assert {quote.rate for quote in quotes} == {Decimal("100.5")}
    assert asked.calls() == [1, 1, 1]


def test_who_looked_at_the_clock_first_and_comes_second_shares_the_answer() -> None:
    asked = world("100", "101")
    asked.quotes("BTC", "EUR")
    asked.clock.at -= timedelta(milliseconds=1)
    asked.quotes("BTC", "EUR")
    assert asked.calls() == [1, 1]


def test_other_money_is_asked_for_anew() -> None:
    asked = world("100", "101")
    for asset, currency in (("BTC", "EUR"), ("ETH", "EUR"), ("BTC", "CNY"), ("BTC", "EUR")):
        quote = asked.quotes(asset, currency)
        assert (quote.asset, quote.currency) == (asset, currency)
    assert asked.calls() == [3, 3]


def test_what_is_kept_for_seconds_is_asked_for_again_after_them() -> None:
    asked = world("100", "101")
    asked.quotes("BTC", "EUR")
    asked.clock.at += timedelta(seconds=KEPT_SECONDS - 1)
    assert asked.quotes("BTC", "EUR").locked_at == asked.clock.at
    assert asked.calls() == [1, 1]
    asked.clock.at += timedelta(seconds=1)
    asked.quotes("BTC", "EUR")
    assert asked.calls() == [2, 2]


def test_a_fault_of_ours_is_not_taken_for_a_missing_rate() -> None:
    asked = world("100", "101", "not a number")
    with pytest.raises(ArithmeticError):
        asked.quotes("BTC", "EUR")
