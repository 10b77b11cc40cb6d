"""Numbers, paragraphs and tables as the page writes them."""

import textwrap
from collections.abc import Iterable, Sequence
from decimal import Decimal

COLUMNS = 116
LARGE = 100


def dollars(amount: Decimal) -> str:
    """Three digits that say something, and cents of small sums."""
    if amount >= LARGE:
        return f"{_three(amount):,}"
    return f"{amount:.2f}" if amount >= Decimal("0.1") else f"{amount:.3f}"


def number(amount: Decimal) -> str:
    """With three digits at most: 1,230 or 123 or 12.3 or 0.12."""
    if amount >= LARGE:
        return f"{_three(amount):,}"
    if amount == amount.to_integral_value():
        return f"{amount:.0f}"
    if amount < Decimal("0.01"):
        return f"{amount:.1g}"
    return f"{amount:.1f}" if amount >= 1 else f"{amount:.2f}"


def power(amount: Decimal) -> str:
    """A power of ten: 10⁷."""
    return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(amount.adjusted()))


def prose(*sentences: str) -> list[str]:
    """A paragraph, wrapped, with an empty line behind it."""
    return [*textwrap.wrap(" ".join(sentences), COLUMNS, break_long_words=False, break_on_hyphens=False), ""]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """With an empty line behind it. Columns whose head ends in a colon are numbers."""
    lines = [f"| {' | '.join(cells)} |" for cells in ([name.removesuffix(":") for name in head], *rows)]
    marks = "".join("---:|" if name.endswith(":") else "---|" for name in head)
    return [lines[0], f"|{marks}", *lines[1:], ""]


def _three(amount: Decimal) -> int:
    size = max(0, amount.adjusted() - 2)
    return round(amount / 10**size) * 10**size
