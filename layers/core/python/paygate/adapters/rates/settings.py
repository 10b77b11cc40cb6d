"""Which sources are asked for rates, and what is believed of them. Everything has a default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paygate.domain.quote import LEAST_SOURCES, QuoteRules
from paygate.faults import SettingsFaults
from paygate.settings_reader import SettingsReader

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCES = ("coinbase", "kraken", "coingecko")
DEFAULTS = {
    "QUOTE_SOURCES": ",".join(SOURCES),
    "QUOTE_MAX_AGE_SECONDS": "120",
    "QUOTE_MAX_SPREAD_BASIS_POINTS": "150",
    "RATES_COINBASE_URL": "https://api.coinbase.com",
    "RATES_KRAKEN_URL": "https://api.kraken.com",
    "RATES_COINGECKO_URL": "https://api.coingecko.com/api/v3",
    "RATES_COINGECKO_API_KEY": "",
}
NAMES = tuple(DEFAULTS)
_LONGEST_AGE, _WIDEST_SPREAD = 3600, 2000


@dataclass(frozen=True, slots=True)
class RateSettings:
    """`urls` are the sources that are asked, by name."""

    urls: Mapping[str, str]
    rules: QuoteRules
    coingecko_api_key: str | None = field(repr=False)


def read(env: Mapping[str, str]) -> RateSettings:
    """Raises SettingsFaults with everything that is wrong."""
    reader = SettingsReader(env, NAMES)
    names = _sources(reader)
    urls = {name: _url(reader, f"RATES_{name.upper()}_URL") for name in names}
    rules = QuoteRules(
        _number(reader, "QUOTE_MAX_AGE_SECONDS", _LONGEST_AGE),
        _number(reader, "QUOTE_MAX_SPREAD_BASIS_POINTS", _WIDEST_SPREAD),
    )
    key = reader.given.get("RATES_COINGECKO_API_KEY")
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        reader.faults.append("RATES_COINGECKO_API_KEY must be printable ASCII without spaces")
    if reader.faults:
        raise SettingsFaults(tuple(reader.faults))
    return RateSettings(urls, rules, key)


def _sources(reader: SettingsReader) -> list[str]:
    text = reader.given.get("QUOTE_SOURCES", DEFAULTS["QUOTE_SOURCES"])
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if len(names) < LEAST_SOURCES or not set(names) <= set(SOURCES):
        reader.faults.append(f"QUOTE_SOURCES must name at least {LEAST_SOURCES} of {', '.join(SOURCES)}")
    return [name for name in names if name in SOURCES]


def _url(reader: SettingsReader, name: str) -> str:
    return reader.url(name, DEFAULTS[name]).rstrip("/")


def _number(reader: SettingsReader, name: str, most: int) -> int:
    text = reader.given.get(name, DEFAULTS[name])
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):  # noqa: PLR2004
        reader.faults.append(f"{name} must be a whole number from 1 to {most}")
        return 1
    return int(text)
