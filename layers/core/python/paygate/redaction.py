"""Nothing secret leaves through a log: every finished line passes here, tracebacks included."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from paygate.card_numbers import masked

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "[redacted]"
_SHORTEST_SECRET = 8
_FENCE = "-----"  # a PEM block's first and last line are no secret, and find the block
_NAMES = ("secret", "passw", "token", "key", "pepper", "authorization", "sign")
_NAMED = (
    r"(?i)((?:secret|passw(?:or)?d|token|private[_-]?key|encryption[_-]?key|pepper|api[_-]?key|authorization"
    r"|signature)[\w-]*|\bsign)(\\*[\"']?\s*[=:]\s*(?:b?\\*[\"'])?)(?!\[redacted\])[^\s\"'\\&,}]+"
)
# What a text must hold, in lower case, to be worth the search; the pattern; what stands there afterwards.
_SHAPES: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    ((_FENCE,), re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|$)", re.DOTALL), MASK),
    (("bearer",), re.compile(r"\b(?i:bearer)\s+[^\s\"'\\,]+"), f"Bearer {MASK}"),
    (
        ("-sha256", "-rsa2048"),
        re.compile(r"(?i)\b(paygate-hmac-sha256|wechatpay2-sha256-rsa2048)\s+[^\"\\]+"),
        rf"\1 {MASK}",
    ),
    (("pk_",), re.compile(r"\b(pk_[0-9A-Za-z]+)\.[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+"), rf"\1.{MASK}"),
    (("://",), re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@\"]*:)[^\s\"]+@"), rf"\1{MASK}@"),
    (_NAMES, re.compile(_NAMED), rf"\1\2{MASK}"),
    (("",), re.compile(r"(?<![\w+/])[\w+/]{88,}={0,2}"), MASK),
)


class Redactor:
    """Masks what is shaped like a secret, and the values that it was told of."""

    def __init__(self) -> None:
        self._known: list[str] = []

    def conceal(self, values: Iterable[str]) -> None:
        """From now on these exact values are masked wherever they stand, as they are or in JSON's spelling."""
        known = set(self._known)
        for value in values:
            for text in {value, *value.splitlines()}:
                if len(text) >= _SHORTEST_SECRET and not text.startswith(_FENCE):
                    known |= {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        self._known = sorted(known, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, MASK)
        lowered = text.lower()
        for needles, pattern, replacement in _SHAPES:
            if any(needle in lowered for needle in needles):
                text = pattern.sub(replacement, text)
        return masked(text, MASK)
