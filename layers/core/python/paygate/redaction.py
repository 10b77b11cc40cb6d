"""Nothing secret leaves through a log: every finished line passes here, tracebacks included."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "[redacted]"
_SHORTEST_SECRET = 8
_FENCE = "-----"  # a PEM block's first and last line are no secret, and find the block
_NAMES = (
    r"(?:secret|passw(?:or)?d|token|private[_-]?key|encryption[_-]?key|pepper|api[_-]?key"
    r"|authorization|signature)[\w-]*|\bsign"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|$)", re.DOTALL), MASK),
    (re.compile(r"\b(?i:bearer)\s+[^\s\"'\\,]+"), f"Bearer {MASK}"),
    (re.compile(r"(?i)\b(paygate-hmac-sha256|wechatpay2-sha256-rsa2048)\s+[^\"\\]+"), rf"\1 {MASK}"),
    (re.compile(r"\b(pk_[0-9A-Za-z]+)\.[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+"), rf"\1.{MASK}"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@\"]*:)[^\s\"]+@"), rf"\1{MASK}@"),
    (
        re.compile(rf"(?i)({_NAMES})(\\*[\"']?\s*[=:]\s*(?:b?\\*[\"'])?)(?!\[redacted\])[^\s\"'\\&,}}]+"),
        rf"\1\2{MASK}",
    ),
    (re.compile(r"(?<![\w+/])[\w+/]{88,}={0,2}"), MASK),
)
_CARD = re.compile(r"(?<![\w.-])[2-6](?:[ -]?[0-9]){12,18}(?![\w-])", re.ASCII)


class Redactor:
    """Masks what is shaped like a secret, and the values that it was told of."""

    def __init__(self) -> None:
        self._values: re.Pattern[str] | None = None
        self._known: set[str] = set()

    def conceal(self, values: Iterable[str]) -> None:
        """From now on these exact values are masked wherever they stand, as they are or in JSON's spelling."""
        for value in values:
            lines = [value, *value.splitlines()] if "\n" in value else [value]
            for text in lines:
                if len(text) >= _SHORTEST_SECRET and not text.startswith(_FENCE):
                    self._known |= {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        longest_first = sorted(self._known, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        if self._values is not None:
            text = self._values.sub(MASK, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return _CARD.sub(_mask_card, text)


def _mask_card(match: re.Match[str]) -> str:
    digits = [int(character) for character in match.group() if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return MASK if (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 else match.group()
