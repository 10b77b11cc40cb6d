"""A figure is ours over a floor that was measured in the same run, turn by turn."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Figure:
    """`ratio` is held against `bar`: at most it, or with `is_least` at least it. No bar: printed, not gated."""

    name: str
    value: float
    floor: float
    unit: str
    bar: float | None = None
    is_least: bool = False
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.value / self.floor

    @property
    def ok(self) -> bool:
        if self.bar is None:
            return True
        return self.ratio >= self.bar if self.is_least else self.ratio <= self.bar

    def row(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": self.value,
            "floor": self.floor,
            "unit": self.unit,
            "ratio": round(self.ratio, 3),
            "bar": self.bar,
            "ok": self.ok,
        }

    def line(self) -> str:
        sign = "≥" if self.is_least else "≤"
        bar = f"{sign} {self.bar:g}" if self.bar is not None else "(not gated)"
        word = "ok" if self.ok else "MISSED"
        shown = f"{self.value:12.4g} {self.unit:6} against {self.floor:10.4g}"
        return f"{self.name:26} {shown}  ratio {self.ratio:6.2f} {bar:12} {word} {self.note}"


def p50_ms(*works: Callable[[], object], rounds: int, warm: int = 30) -> list[float]:
    """The median of each work in milliseconds, taken in turn so that the machine's moods meet all alike."""
    for work in works:
        for _ in range(warm):
            work()
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, taken, strict=True):
            started = time.perf_counter()
            work()
            times.append((time.perf_counter() - started) * 1000)
    return [statistics.median(times) for times in taken]
