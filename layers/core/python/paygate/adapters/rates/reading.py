"""What the sources have in common: one GET, JSON read exactly, and when the answer was made."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from paygate.adapters.rails.exact_json import read_object
from paygate.domain.errors import OutcomeUnknown, QuoteUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.adapters.rails.http import HttpAnswer, RailHttp

_HTTP_OK = 200
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_LEAST, _MOST = Decimal("1e-12"), Decimal("1e15")


def ask(
    http: RailHttp, url: str, query: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], HttpAnswer]:
    """The JSON object that a source answers with; raises QuoteUnavailable for anything else."""
    accepted = {"Accept": "application/json", **(headers or {})}
    try:
        answer = http.send("GET", f"{url}?{urlencode(query)}", headers=accepted)
    except OutcomeUnknown as error:
        raise QuoteUnavailable("a source of rates gave no answer") from error
    if answer.status != _HTTP_OK:
        raise QuoteUnavailable(f"a source of rates answered with status {answer.status}")
    try:
        return read_object(answer.body), answer
    except ValueError as error:
        raise QuoteUnavailable("a source of rates answered with something else than JSON") from error


def price(value: object) -> Decimal:
    """A positive number as it was written, or as text; raises QuoteUnavailable."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise QuoteUnavailable("a source of rates names no such rate")
    number = Decimal(text)
    if not _LEAST <= number <= _MOST:
        raise QuoteUnavailable("a source of rates names a rate that cannot be")
    return number


def made_at(answer: HttpAnswer, now: datetime) -> datetime:
    """When the answer left its origin: its Date, or as long ago as its Age says that caches have had it.

    RFC 9111, section 4.2.3. For sources that tell no time of their own.
    """
    try:
        date = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError as error:
        raise QuoteUnavailable("a source of rates does not say when it answered") from error
    age = answer.headers.get("age", "0").strip()
    if date.tzinfo is None or not (age.isascii() and age.isdigit() and len(age) < 10):  # noqa: PLR2004
        raise QuoteUnavailable("a source of rates does not say when it answered")
    return min(date.astimezone(UTC), now - timedelta(seconds=int(age)))
