"""Typed readers of one JSON object. What they refuse, they name as the caller wrote it: `paymentIds[3]`."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from paygate.domain.errors import InvalidField
from paygate.http.json_body import Json, Number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INTEGER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LITERAL = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?", re.ASCII)
_LONGEST_AMOUNT = 120


class Fields:
    """An object whose names are all known; unknown ones are refused at once."""

    def __init__(self, values: Mapping[str, Json], known: frozenset[str]) -> None:
        for name in values:
            if name not in known:
                raise InvalidField(name, "is not a field of this request")
        self._values = values

    def required(self, name: str) -> Json:
        if name not in self._values:
            raise InvalidField(name, "is required")
        return self._values[name]

    def has(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, *, longest: int) -> str:
        return text(name, self.required(name), longest=longest)

    def optional_text(self, name: str, *, longest: int) -> str | None:
        return self.text(name, longest=longest) if self.has(name) else None

    def choice(self, name: str, choices: Sequence[str]) -> str:
        return choice(name, self.required(name), choices)

    def integer(self, name: str, lowest: int, highest: int) -> int:
        return integer(name, self.required(name), lowest, highest)

    def amount(self, name: str) -> str:
        """An amount as plain decimal text, from a string or a JSON number."""
        value = self.required(name)
        if isinstance(value, Number):
            return plain_decimal(name, value)
        return text(name, value, longest=_LONGEST_AMOUNT)


def text(name: str, value: Json, *, longest: int) -> str:
    """A string of 1 to `longest` characters, all of them whole and none a control character."""
    if not isinstance(value, str):
        raise InvalidField(name, "must be a string")
    if not 0 < len(value) <= longest:
        raise InvalidField(name, f"must have 1 to {longest} characters")
    is_plain = value.isascii() and value.isprintable()  # nearly every text, and told at once
    if not is_plain and not all(map(is_ordinary, value)):
        raise InvalidField(name, "must not hold control characters or broken ones")
    return value


def is_ordinary(character: str) -> bool:
    """Neither a control character, nor half a character, nor what stands where one did not decode."""
    is_whole = character != "\N{REPLACEMENT CHARACTER}"
    return is_whole and unicodedata.category(character) not in {"Cc", "Cs"}


def choice(name: str, value: Json, choices: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise InvalidField(name, "must be one of " + ", ".join(choices))
    return value


def integer(name: str, value: Json, lowest: int, highest: int) -> int:
    if not isinstance(value, Number) or not _INTEGER.fullmatch(value.literal):
        raise InvalidField(name, f"must be an integer from {lowest} to {highest}")
    return in_range(name, int(value.literal), lowest, highest)


def in_range(name: str, number: int, lowest: int, highest: int) -> int:
    if not lowest <= number <= highest:
        raise InvalidField(name, f"must be an integer from {lowest} to {highest}")
    return number


def plain_decimal(name: str, number: Number) -> str:
    """Write a number literal without its exponent: `1.5e2` is `150`. Exact, and bounded before it is done."""
    match = _LITERAL.fullmatch(number.literal) if len(number.literal) <= _LONGEST_AMOUNT else None
    exponent = int(match.group(3) or 0) if match else 0
    if match is None or abs(exponent) > _LONGEST_AMOUNT:
        raise InvalidField(name, "must be a plain positive decimal such as 100.00")
    digits, point = match.group(1) + (match.group(2) or ""), len(match.group(1)) + exponent
    padded = digits.ljust(point, "0") if point > 0 else digits.rjust(len(digits) - point + 1, "0")
    split = max(point, 1)
    whole, fraction = padded[:split].lstrip("0") or "0", padded[split:]
    return f"{whole}.{fraction}" if fraction else whole
