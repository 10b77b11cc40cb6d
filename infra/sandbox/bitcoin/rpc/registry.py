"""Methods by name, and how their parameters are taken: by place or by name (RPCHelpMan in rpc/util.cpp)."""

import inspect
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, get_origin

from infra.sandbox.bitcoin.rpc.errors import INVALID_REQUEST, METHOD_NOT_FOUND, MISC, PARAMETER, TYPE, RpcError

KINDS: dict[Any, str] = {str: "string", int: "number", bool: "bool", list: "array", dict: "object"}
Work = Callable[..., Any]


class Method:
    """`work` takes the node, or the wallet, and then what its signature says; `aliases` are older names."""

    def __init__(self, work: Work, aliases: dict[str, str], *, is_wallets: bool) -> None:
        self.name, self._work, self._aliases, self.is_wallets = work.__name__, work, aliases, is_wallets
        self._parameters = list(inspect.signature(work).parameters.values())[1:]

    def run(self, subject: Any, params: Any) -> Any:
        return self._work(subject, *self._given(params))

    def _given(self, params: Any) -> list[Any]:
        values = self._named(params) if isinstance(params, dict) else list(params or ())
        if len(values) > len(self._parameters):
            raise RpcError(MISC, self._usage())
        wrong = {}
        for place, parameter in enumerate(self._parameters):
            if place >= len(values) or values[place] is None:
                if parameter.default is parameter.empty:
                    raise RpcError(MISC, self._usage())
                values[place:] = [parameter.default, *values[place + 1 :]]
            elif problem := mistyped(values[place], parameter.annotation):
                wrong[f"Position {place + 1} ({parameter.name})"] = problem
        if wrong:
            raise RpcError(TYPE, f"Wrong type passed:\n{json.dumps(wrong, indent=4)}")
        return values

    def _named(self, params: dict[str, Any]) -> list[Any]:
        rest = {self._aliases.get(name, name): value for name, value in params.items()}
        values = list(rest.pop("args", ()))
        names = [parameter.name for parameter in self._parameters]
        for name in rest:
            if name not in names:
                raise RpcError(PARAMETER, f"Unknown named parameter {name}")
            if name in names[: len(values)]:
                raise RpcError(PARAMETER, f"Parameter {name} specified twice both as positional and named argument")
        return [*values, *(rest.get(name) for name in names[len(values) :])]

    def _usage(self) -> str:
        words = [p.name if p.default is p.empty else f"( {p.name} )" for p in self._parameters]
        return " ".join([self.name, *words])


METHODS: dict[str, Method] = {}


def method(*, is_wallets: bool = False, **aliases: str) -> Callable[[Work], Work]:
    def register(work: Work) -> Work:
        METHODS[work.__name__] = Method(work, aliases, is_wallets=is_wallets)
        return work

    return register


def find(name: Any) -> Method:
    if name is None:
        raise RpcError(INVALID_REQUEST, "Missing method")
    if not isinstance(name, str):
        raise RpcError(INVALID_REQUEST, "Method must be a string")
    if name not in METHODS:
        raise RpcError(METHOD_NOT_FOUND, "Method not found")
    return METHODS[name]


def mistyped(value: Any, wanted: Any) -> str | None:
    """Core's complaint, if there is one. What is wanted without a kind may be anything."""
    kind = KINDS.get(get_origin(wanted) or wanted)
    if kind is None or _kind(value) == kind:
        if wanted is int and not isinstance(value, int):
            raise RpcError(MISC, "JSON integer out of range")
        return None
    return f"JSON value of type {_kind(value)} is not of expected type {kind}"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return "number" if isinstance(value, Decimal) else KINDS[type(value)]


def level(value: Any, usual: int) -> int:
    """A number, or true and false for 1 and 0 (ParseVerbosity)."""
    if value is None:
        return usual
    problem = mistyped(value, int) if not isinstance(value, bool) else None
    if problem:
        raise RpcError(TYPE, problem)
    return int(value)


def hash_of(value: str, name: str) -> str:
    """ParseHashV in rpc/util.cpp."""
    if len(value) != 64:
        raise RpcError(PARAMETER, f"{name} must be of length 64 (not {len(value)}, for '{value}')")
    if any(letter not in "0123456789abcdefABCDEF" for letter in value):
        raise RpcError(PARAMETER, f"{name} must be hexadecimal string (not '{value}')")
    return value.lower()
