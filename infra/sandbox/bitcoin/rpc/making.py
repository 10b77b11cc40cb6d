"""Transactions made from what a caller lists (ConstructTransaction in rpc/rawtransaction_util.cpp)."""

from typing import Any

from infra.sandbox.bitcoin import scripts
from infra.sandbox.bitcoin.codec import sized
from infra.sandbox.bitcoin.rpc.errors import NOT_FOUND, PARAMETER, TYPE, RpcError
from infra.sandbox.bitcoin.rpc.numbers import satoshis
from infra.sandbox.bitcoin.rpc.registry import hash_of, mistyped
from infra.sandbox.bitcoin.transactions import FINAL, Input, Output, Transaction

REPLACEABLE = FINAL - 2


def unsigned(inputs: Any, outputs: Any, lock_time: int, *, is_replaceable: bool) -> Transaction:
    if not 0 <= lock_time <= FINAL:
        raise RpcError(PARAMETER, "Invalid parameter, locktime out of range")
    usual = REPLACEABLE if is_replaceable else FINAL - 1 if lock_time else FINAL
    return Transaction(2, tuple(_input(each, usual) for each in inputs), tuple(made_outputs(outputs)), lock_time)


def _input(asked: Any, usual: int) -> Input:
    if problem := mistyped(asked, dict):
        raise RpcError(TYPE, problem)
    tx_id = hash_of(str(asked.get("txid", "")), "txid")
    place, sequence = asked.get("vout"), asked.get("sequence", usual)
    if isinstance(place, bool) or not isinstance(place, int):
        raise RpcError(PARAMETER, "Invalid parameter, missing vout key")
    if place < 0:
        raise RpcError(PARAMETER, "Invalid parameter, vout cannot be negative")
    if not isinstance(sequence, int) or not 0 <= sequence <= FINAL:
        raise RpcError(PARAMETER, "Invalid parameter, sequence number is out of range")
    return Input((tx_id, place), sequence=sequence)


def made_outputs(asked: Any) -> list[Output]:
    """An object, or a list of objects with one member each; an address comes once only."""
    if not isinstance(asked, list | dict):
        raise RpcError(TYPE, "JSON value of another type is not of expected type array")
    listed = [{name: value} for name, value in asked.items()] if isinstance(asked, dict) else asked
    made: list[Output] = []
    seen: set[str] = set()
    for each in listed:
        if not isinstance(each, dict) or len(each) != 1:
            raise RpcError(PARAMETER, "Invalid parameter, key-value pair must contain exactly one key")
        ((name, value),) = each.items()
        if name in seen:
            raise RpcError(PARAMETER, _twice(name))
        seen.add(name)
        made.append(_output(name, value))
    return made


def _twice(name: str) -> str:
    if name == "data":
        return "Invalid parameter, duplicate key: data"
    return f"Invalid parameter, duplicated address: {name}"


def _output(name: str, value: Any) -> Output:
    if name != "data":
        return Output(satoshis(value), script_of(name, f"Invalid Bitcoin address: {name}"))
    try:
        return Output(0, b"\x6a" + sized(bytes.fromhex(str(value))))
    except ValueError:
        raise RpcError(PARAMETER, f"Data must be hexadecimal string (not '{value}')") from None


def script_of(address: str, complaint: str) -> bytes:
    try:
        return scripts.of_address(address)
    except scripts.NoAddress:
        raise RpcError(NOT_FOUND, complaint) from None
