"""Lock a rate: every source is asked at once, and what answers in time is judged together."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from paygate import budget
from paygate.domain.errors import QuoteUnavailable
from paygate.domain.quote import lock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paygate.domain.money import Money
    from paygate.domain.quote import Quote, QuoteRules, Rate
    from paygate.ports import Clock, Meter, RateSource, Strategy

ANSWER_SECONDS = 2.0
"""How long a create waits for rates, whatever becomes of the sources."""
KEPT_SECONDS = 5
"""How long an answer, or that there was none, stands for further creates: a burst of them is no burst of calls."""
_THREADS_PER_SOURCE = 2


def is_quoted(strategy: Strategy, price: Money) -> bool:
    """Whether the price is in other money than what the method is paid in."""
    return strategy.asset is not None and strategy.asset.code != price.asset.code


class Quotes:
    """Rates of several sources, kept for a few seconds in this process."""

    def __init__(
        self,
        sources: Sequence[RateSource],
        rules: QuoteRules,
        clock: Clock,
        meter: Meter,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._sources = sources
        self._rules = rules
        self._clock = clock
        self._meter = meter
        self._answer_seconds = answer_seconds
        self._pool: ThreadPoolExecutor | None = None
        self._asked: dict[tuple[str, str, str], tuple[datetime, Future[Rate]]] = {}
        self._lock = threading.Lock()

    def due(self, strategy: Strategy, price: Money) -> tuple[Money, Quote | None]:
        """What the rail must bring for the price, and the rate that was locked where one is needed."""
        if strategy.asset is None or not is_quoted(strategy, price):
            return strategy.due(price), None
        quote = self(strategy.asset.code, price.asset.code)
        return strategy.due(quote.convert(price, strategy.asset)), quote

    def __call__(self, asset: str, currency: str) -> Quote:
        """What one whole `asset` costs in `currency` now; raises QuoteUnavailable."""
        answers = {source.name: self._ask(source, asset, currency) for source in self._sources}
        wait(answers.values(), timeout=budget.remaining(self._answer_seconds))
        rates = [rate for name, answer in answers.items() if (rate := self._rate(name, answer)) is not None]
        try:
            return lock(asset, currency, rates, self._clock.now(), self._rules)
        except QuoteUnavailable:
            self._meter.count("QuotesUnavailable", asset=asset, currency=currency)
            raise

    def _ask(self, source: RateSource, asset: str, currency: str) -> Future[Rate]:
        """Whoever asks for the same while it is under way, or shortly after, shares the answer."""
        name, now = (source.name, asset, currency), self._clock.now()
        with self._lock:
            at, answer = self._asked.get(name, (now, None))
            if answer is None or abs((now - at).total_seconds()) >= KEPT_SECONDS:
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(len(self._sources) * _THREADS_PER_SOURCE, "rates")
                answer = self._pool.submit(source.rate, asset, currency)
                self._asked[name] = (now, answer)
        return answer

    def _rate(self, source: str, answer: Future[Rate]) -> Rate | None:
        if not answer.done():
            self._meter.count("RatesMissing", source=source)
            return None
        error = answer.exception()
        if error is None:
            return answer.result()
        if not isinstance(error, QuoteUnavailable):
            raise error
        self._meter.count("RatesMissing", source=source)
        return None
