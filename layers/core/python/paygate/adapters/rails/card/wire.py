"""Objects of the API: JSON read without floats, amounts, times and ids.

Amounts are integers of a currency's smallest unit; zero-decimal currencies have none smaller than one, and of
three-decimal ones the last digit must be 0 (docs.stripe.com/currencies).
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeAlias

from paygate.domain.assets import CURRENCIES
from paygate.domain.money import Money

Json: TypeAlias = dict[str, Any]
THREE_DECIMALS = 3
_ID = re.compile(r"[a-z]+_[A-Za-z0-9_]{1,250}", re.ASCII)
_LONGEST_NUMBER = 20


def read_object(body: bytes) -> Json:
    """Raises ValueError. What is no integer stays text, so that nothing here ever becomes a float."""
    try:
        found = _DECODER.decode(body.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004  what was sent is wrong, not what was passed
    return found


def _integer(literal: str) -> int | str:
    return int(literal) if len(literal) <= _LONGEST_NUMBER else literal


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_float=str, parse_int=_integer, parse_constant=_no_constant)


def inner(found: Json, name: str) -> Json:
    """An object's object; empty where there is none, or only its id."""
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def text(found: Json, name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def units(found: Json, name: str) -> int:
    """Raises ValueError where it is no amount."""
    value = found.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is no amount")
    return value


def money(found: Json, name: str) -> Money:
    """Raises ValueError, also for a currency that is none of ours."""
    asset = CURRENCIES.get(text(found, "currency").upper())
    if asset is None:
        raise ValueError("a currency that is not ours")
    return Money(units(found, name), asset)


def is_exact(amount: Money) -> bool:
    """Whether cards can be charged with exactly this: see the module."""
    return amount.asset.decimals < THREE_DECIMALS or amount.units % 10 == 0


def moment(found: Json, name: str) -> datetime | None:
    """No money hangs on a time: None where it is none."""
    value = found.get(name)
    try:
        return datetime.fromtimestamp(value, UTC) if isinstance(value, int) else None
    except (ValueError, OverflowError, OSError):
        return None


def an_id(found: Json, name: str) -> str:
    """The id of what is named there, expanded or not; empty where there is none."""
    value = found.get(name)
    value = value.get("id") if isinstance(value, dict) else value
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""
