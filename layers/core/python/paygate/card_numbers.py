"""What is shaped like a card number: 13 to 19 digits, perhaps in groups, an issuer's first digits, and Luhn's sum.

First digits: ISO/IEC 7812-1 gives 3 to 6 to travel and banking; Mastercard has 2221 to 2720 as well. The sum
(its annex B) lets one number of ten pass by chance, so a long id of digits alone may look like one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST, LONGEST = 13, 19
_MASTERCARDS_NEW = range(2221, 2721)
# Digits in groups, with up to three separators between two digits.
_RUN = re.compile(r"[0-9](?:[ .-]{0,3}[0-9]){12,}", re.ASCII)
_GROUP = re.compile(r"[0-9]+", re.ASCII)
# Names that are made of digits and letters: UUIDs, longer hexadecimal (with a letter in it), ids of ours.
_NAME = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[0-9]*[a-fA-F])[0-9a-fA-F]{32,}"
    r"|(?:PAY|REF|EVT|CBK|CASE)_[0-9A-HJKMNP-TV-Z]{26})(?![0-9A-Za-z])",
    re.ASCII,
)
_DOTS = frozenset(".\N{MIDDLE DOT}\N{BULLET}\N{IDEOGRAPHIC FULL STOP}")


def is_card_number(digits: str) -> bool:
    """Whether these digits could be one."""
    if not SHORTEST <= len(digits) <= LONGEST:
        return False
    return (digits[0] in "3456" or int(digits[:4]) in _MASTERCARDS_NEW) and _luhn(digits) % 10 == 0


def _luhn(digits: str) -> int:
    numbers = list(map(int, reversed(digits)))
    return sum(numbers[::2]) + sum(sum(divmod(2 * number, 10)) for number in numbers[1::2])


def holds_card_number(text: str) -> bool:
    """Whether one stands anywhere in it, in whatever digits and with whatever spaces, dashes or dots between."""
    folded = text if text.isascii() else "".join(map(_folded, text))
    return next(_found(_NAME.sub(_letters, folded)), None) is not None


def masked(text: str, mask: str) -> str:
    """`text` with `mask` in place of each; meant for lines of a log, so only ASCII is looked at."""
    if _RUN.search(text) is None:
        return text
    parts, at = list[str](), 0
    for start, end in _found(_NAME.sub(_letters, text)):
        if start >= at:
            parts += [text[at:start], mask]
            at = end
    return "".join([*parts, text[at:]])


def _found(text: str) -> Iterator[tuple[int, int]]:
    """Where they stand. Other digits may stand beside one ("4242 … 4242 12/30"), so runs of groups are tried."""
    for run in _RUN.finditer(text):
        groups = [(group.start(), group.end()) for group in _GROUP.finditer(text, run.start(), run.end())]
        for first in range(len(groups)):
            found = _from(text, groups, first)
            if found:
                yield groups[first][0], found


def _from(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The end of the one that begins with that group."""
    digits = ""
    for start, end in groups[first:]:
        digits += text[start:end]
        if len(digits) > LONGEST:
            return None
        if is_card_number(digits):
            return end
    return None


def _folded(character: str) -> str:
    """Digits of any script as ASCII, spaces and dashes of any kind as one; what is not seen is not there."""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    category = unicodedata.category(character)
    if category in ("Zs", "Pd", "Zl", "Zp") or character in "\t\r\n\N{MINUS SIGN}":
        return " "
    if category == "Cf":
        return ""
    return "." if unicodedata.normalize("NFKC", character) in _DOTS else character


def _letters(match: re.Match[str]) -> str:
    return "x" * len(match.group())
