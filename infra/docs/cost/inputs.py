"""What the page is made from: `measured.json`, `prices.toml`, `assumptions.toml`. Every number is a Decimal."""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

_supposed: ContextVar[dict[tuple[str, str], Decimal]] = ContextVar("supposed", default={})  # noqa: B039
HERE = Path(__file__).parent
Json = dict[str, Any]


@dataclass(frozen=True)
class Price:
    """Of one `unit`, in dollars, or a quota. `seen` is empty where no public page was found to compare with."""

    name: str
    value: Decimal
    unit: str
    page: str
    seen: str


@cache
def measured() -> Json:
    document: Json = json.loads(
        (HERE / "measured.json").read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal
    )
    return document


@cache
def prices() -> dict[str, Price]:
    return {
        name: Price(name, Decimal(entry["price"]), entry["unit"], entry["page"], entry["seen"])
        for name, entry in _toml("prices")["price"].items()
    }


@cache
def quotas() -> dict[str, Price]:
    return {
        name: Price(name, Decimal(entry["value"]), entry["unit"], entry["page"], entry["seen"])
        for name, entry in _toml("prices")["quota"].items()
    }


def price(name: str) -> Decimal:
    return prices()[name].value


def quota(name: str) -> Decimal:
    return quotas()[name].value


def assume(section: str, name: str) -> Decimal:
    return _supposed.get().get((section, name)) or Decimal(_toml("assumptions")[section][name])


@contextmanager
def supposing(section: str, name: str, value: Decimal) -> Iterator[None]:
    """One assumption is another, for as long as this lasts."""
    before = _supposed.set({(section, name): value})
    yield
    _supposed.reset(before)


def table(section: str) -> Json:
    """A section of the assumptions as it stands."""
    found: Json = _toml("assumptions")[section]
    return found


def region() -> str:
    return str(_toml("prices")["region"])


def as_of() -> str:
    return str(_toml("prices")["as_of"])


@cache
def _toml(name: str) -> Json:
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"), parse_float=Decimal)
