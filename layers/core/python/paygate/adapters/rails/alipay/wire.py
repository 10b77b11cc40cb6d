"""Alipay's forms of time, money and answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from paygate.adapters.rails.times import SHANGHAI
from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import InvalidField
from paygate.domain.money import Money, parse_money

CNY = CURRENCIES["CNY"]
_TIME = "%Y-%m-%d %H:%M:%S"


def shanghai(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime(_TIME)


def moment(text: str) -> datetime | None:
    """A time as Alipay writes it, in UTC; None when it is not one: no money hangs on it."""
    try:
        return datetime.fromisoformat(text[:19]).replace(tzinfo=SHANGHAI).astimezone(UTC)
    except ValueError:
        return None


def yuan(text: str) -> Money:
    """Yuan as exact fen; raises ValueError."""
    if text and not text.strip("0.") and text.count(".") <= 1:
        return Money(0, CNY)
    try:
        return parse_money(text, CNY)
    except InvalidField as error:
        raise ValueError(error.why) from None


@dataclass(frozen=True, slots=True)
class Envelope:
    """A gateway's answer: what it says, the exact bytes that are signed, and by whom."""

    content: dict[str, Any]
    signed: bytes
    signature: str | None
    certificate_number: str | None


def open_envelope(body: bytes, method: str) -> Envelope:
    """Take `{"<method>_response": {…}, "sign": "…"}` apart without touching the signed bytes.

    Failures may come as `error_response`. A parser finds where the object ends, so neither white space nor a
    "sign" inside it misleads; the object is never written again. Raises ValueError.
    """
    text = body.decode("utf-8")
    members = _members(text)
    name = method.replace(".", "_") + "_response"
    node = members.get(name) or members.get("error_response")
    if node is None or not isinstance(node.value, dict):
        raise ValueError(f"no {name}")
    return Envelope(
        content=node.value,
        signed=text[node.start : node.end].encode("utf-8"),
        signature=_text(members.get("sign")),
        certificate_number=_text(members.get("alipay_cert_sn")),
    )


@dataclass(frozen=True, slots=True)
class _Member:
    value: Any
    start: int
    end: int


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


# Numbers stay text: nothing here ever becomes a float, and no digit string is too long to read.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_constant)


def _members(text: str) -> dict[str, _Member]:
    """The outermost object's members and where their values lie; a name given twice is refused."""
    found: dict[str, _Member] = {}
    at = _past(text, 0, "{")
    while True:
        name, at = _DECODER.raw_decode(text, _past_space(text, at))
        start = _past_space(text, _past(text, at, ":"))
        value, at = _DECODER.raw_decode(text, start)
        if not isinstance(name, str) or name in found:
            raise ValueError("a member is no name, or is there twice")
        found[name] = _Member(value, start, at)
        at = _past_space(text, at)
        if text[at : at + 1] != ",":
            break
        at += 1
    if text[_past(text, at, "}") :].strip():
        raise ValueError("something follows the answer")
    return found


def _past(text: str, at: int, sign: str) -> int:
    at = _past_space(text, at)
    if text[at : at + 1] != sign:
        raise ValueError(f"{sign} expected")
    return at + 1


def _past_space(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _text(member: _Member | None) -> str | None:
    return member.value if member is not None and isinstance(member.value, str) else None
