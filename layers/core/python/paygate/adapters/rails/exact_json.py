"""JSON of rails, read exactly: no float, no name twice, no surprise."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def read_object(raw: bytes) -> dict[str, Any]:
    """The object that `raw` is. Numbers that are no integers stay text. Raises ValueError."""
    found = read(raw)
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004  one kind of error for whatever came
    return found


def read(raw: bytes) -> Any:
    """Whatever `raw` is, an array say. Raises ValueError."""
    try:
        return _DECODER.decode(raw.decode("utf-8"))
    except RecursionError:
        raise ValueError("too deep") from None


def text(content: dict[str, Any], name: str) -> str:
    """A member that is a string, else an empty one."""
    value = content.get(name)
    return value if isinstance(value, str) else ""


def inner(content: dict[str, Any], name: str) -> dict[str, Any]:
    """A member that is an object, else an empty one."""
    value = content.get(name)
    return value if isinstance(value, dict) else {}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_named_once, parse_float=str, parse_constant=_no_constant)
