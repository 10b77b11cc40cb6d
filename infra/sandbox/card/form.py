"""Reads `a[b]=1&c[]=2&d[0][e]=3`, the one body that the API takes: docs.stripe.com/api ("Introduction").

Values stay text. Indexed lists (`c[0]`) and unindexed ones (`c[]`) are the same list.
"""

import re
from typing import Any
from urllib.parse import parse_qsl

from infra.sandbox.card.errors import invalid

Params = dict[str, Any]
NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
MAX_FIELDS = 1000
MAX_DEPTH = 8


def parse(raw: str) -> Params:
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise invalid("", "Invalid request body: it is no form in UTF-8.") from None
    params: Params = {}
    for name, value in pairs:
        matched = NAME.fullmatch(name)
        if matched is None or "\0" in name + value:
            raise invalid(name, f"Invalid parameter name or value: {name!r}")
        path = [matched[1], *re.findall(r"\[([^\[\]]*)\]", matched[2])]
        if len(path) > MAX_DEPTH:
            raise invalid(path[0], "Invalid parameter: it is nested too deeply.")
        _put(params, name, path, value)
    return _lists(params)


def _put(into: Params, name: str, path: list[str], value: str) -> None:
    for part in path[:-1]:
        inner = into.setdefault(_key(into, part), {})
        if not isinstance(inner, dict):
            raise invalid(name, f"Invalid parameter: {name} is given both as a value and as an object.")
        into = inner
    if isinstance(into.get(path[-1]), dict):
        raise invalid(name, f"Invalid parameter: {name} is given both as a value and as an object.")
    into[_key(into, path[-1])] = value


def _key(into: Params, part: str) -> str:
    return part or str(len(into))


def _lists(params: Params) -> Params:
    return {name: _list(value) for name, value in params.items()}


def _list(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = _lists(value)
    if inner and all(re.fullmatch(r"\d+", name) for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
