"""Cells of CSV files as banks and spreadsheets write them, made plain."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from paygate.domain.bank_statement import StatementRefused

_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_DATES = {
    "ymd": (
        re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})(?:[^0-9].*)?", re.ASCII),
        re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:[^0-9].*|[0-9]{6})?", re.ASCII),
    ),
    "dmy": (re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4}|[0-9]{2})", re.ASCII),),
}
_AMOUNT = re.compile(r"([+-]?)([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]+)?", re.ASCII)
_SWAP = str.maketrans(",.", ".,")
_CURRENCY_SIGNS = str.maketrans("", "", "¥€ ")
_BRACKETS = re.compile(r"\[.*?\]|\(.*?\)")


def text(cell: str) -> str:
    """What the cell says, without what keeps spreadsheets from taking it for a number: backticks, ', tabs, ="1"."""
    stripped = cell.strip("\ufeff\t\r\n \u3000\xa0")
    formula = _FORMULA.fullmatch(stripped)
    return (formula.group(1) if formula else stripped.lstrip("`'")).strip()


def plain(cell: str) -> str:
    """The same for what is no prose: full-width digits and signs are made plain as well."""
    return unicodedata.normalize("NFKC", text(cell)).replace("\u2212", "-").strip()


def name(cell: str) -> str:
    """A column's name in small letters, without spaces and what stands in brackets (units, another language)."""
    return "".join(_BRACKETS.sub("", plain(cell)).split()).casefold()


def amount(cell: str, decimal_sign: str, line: int) -> tuple[bool, str]:
    """Whether it is negative, and its digits with a point; thousands may be set apart, in threes only."""
    written = plain(cell).translate(_CURRENCY_SIGNS).replace("'", "")
    match = _AMOUNT.fullmatch(written.translate(_SWAP) if decimal_sign == "," else written)
    if match is None:
        raise StatementRefused("amount", "an amount cannot be read", line=line)
    sign, whole, fraction = match.groups()
    return sign == "-", whole.replace(",", "") + (fraction or "")


def day(cell: str, order: str, line: int) -> date:
    """A date, which a time may follow; `order` is ymd or dmy."""
    written = plain(cell)
    for pattern in _DATES[order]:
        match = pattern.fullmatch(written)
        if match is not None:
            year, month, of_month = (
                int(part) for part in (match.groups() if order == "ymd" else match.groups()[::-1])
            )
            try:
                return date(year + 2000 if year < 100 else year, month, of_month)  # noqa: PLR2004 - two digits
            except ValueError:
                break
    raise StatementRefused("date", "a date cannot be read", line=line)
