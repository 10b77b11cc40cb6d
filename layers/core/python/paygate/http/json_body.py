"""JSON as strict as money needs it: no duplicate names, no NaN, and numbers kept as they were written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from paygate.domain.errors import InvalidField
from paygate.http.errors import MalformedBody, UnsupportedMediaType

if TYPE_CHECKING:
    from paygate.http.request import Request

_JSON_TYPE = re.compile(r'application/json(?:\s*;\s*charset\s*=\s*"?utf-8"?)?\s*', re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Number:
    """A number literal, unread: `1e999999` costs nothing and `0.10` stays exact."""

    literal: str


Json: TypeAlias = "str | Number | bool | list[Json] | dict[str, Json] | None"


def read_object(request: Request) -> dict[str, Json]:
    """The body's top-level object; an empty body is `{}`.

    Raises UnsupportedMediaType, MalformedBody, or InvalidField for a name that is there twice.
    """
    if not request.body:
        return {}
    if not _JSON_TYPE.fullmatch(request.header("Content-Type") or ""):
        raise UnsupportedMediaType("send application/json in UTF-8")
    value = _parse(request.body)
    if not isinstance(value, dict):
        raise MalformedBody("the body must be a JSON object")
    return value


def no_fields(request: Request) -> None:
    """Raises InvalidField for a body that says anything."""
    for name in read_object(request):
        raise InvalidField(name, "is not a field of this request")


def _parse(body: bytes) -> Json:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise MalformedBody("the body is not UTF-8") from None
    try:
        value: Json = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise MalformedBody(f"the body is not JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise MalformedBody("the body is nested too deeply") from None
    return value


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise InvalidField(twice, "is there twice")
    return found


def _no_constant(name: str) -> Json:
    raise MalformedBody(f"the body is not JSON: {name} is no JSON value")


_DECODER = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_no_constant, object_pairs_hook=_unique
)
