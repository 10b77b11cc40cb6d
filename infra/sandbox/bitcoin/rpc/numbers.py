"""JSON with amounts as Core writes them: a number with eight places (ValueFromAmount in core_write.cpp)."""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from infra.sandbox.bitcoin.pool import btc
from infra.sandbox.bitcoin.rpc.errors import TYPE, RpcError
from infra.sandbox.bitcoin.transactions import MOST_MONEY


class Amount(int):
    """Satoshis that are told in bitcoins."""


def written(value: Any) -> str:
    return "".join(_pieces(value))


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, Amount):
        yield f"-{btc(-value)}" if value < 0 else btc(value)
    elif isinstance(value, dict):
        yield from _joined("{", ((f"{json.dumps(name)}:", each) for name, each in value.items()), "}")
    elif isinstance(value, list | tuple):
        yield from _joined("[", (("", each) for each in value), "]")
    else:
        yield json.dumps(value)


def _joined(opening: str, members: Iterator[tuple[str, Any]], closing: str) -> Iterator[str]:
    yield opening
    for place, (name, member) in enumerate(members):
        yield f",{name}" if place else name
        yield from _pieces(member)
    yield closing


def satoshis(value: Any) -> int:
    """AmountFromValue in rpc/util.cpp: a number or a string."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise RpcError(TYPE, "Amount is not a number or string")
    try:
        amount = Decimal(value) * 10**8
    except InvalidOperation:
        raise RpcError(TYPE, "Invalid amount") from None
    if not amount.is_finite() or amount != int(amount):
        raise RpcError(TYPE, "Invalid amount")
    if not 0 <= amount <= MOST_MONEY:
        raise RpcError(TYPE, "Amount out of range")
    return int(amount)
