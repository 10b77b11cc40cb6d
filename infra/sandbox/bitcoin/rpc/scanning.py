"""Outputs by descriptor: those that are unspent, and what blocks and mempool move (rpc/blockchain.cpp)."""

from typing import Any

from infra.sandbox.bitcoin import descriptors, scripts
from infra.sandbox.bitcoin.chain import Coin
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.rpc.chain_methods import entry_of
from infra.sandbox.bitcoin.rpc.errors import MISC, NOT_FOUND, PARAMETER, RpcError
from infra.sandbox.bitcoin.rpc.making import script_of
from infra.sandbox.bitcoin.rpc.numbers import Amount
from infra.sandbox.bitcoin.rpc.registry import method
from infra.sandbox.bitcoin.transactions import Outpoint, Transaction

Json = dict[str, Any]
Place = dict[str, Any]
"""Block and height of an event; empty for one that waits."""


@method()
def scantxoutset(node: Node, action: str, scanobjects: list[Any] | None = None) -> Any:
    if action == "status":
        return None  # scans are over before another call is looked at
    if action == "abort":
        return False
    if action != "start":
        raise RpcError(PARAMETER, f"Invalid action '{action}'")
    if scanobjects is None:
        raise RpcError(MISC, "scanobjects argument is required for the start action")
    wanted = scanned(scanobjects)
    found = [(o, c) for o, c in node.chain.coins.items() if c.output.script in wanted]
    return {
        "success": True,
        "txouts": len(node.chain.coins),
        "height": node.chain.height,
        "bestblock": node.chain.tip.hash,
        "unspents": [_unspent(node, outpoint, coin) for outpoint, coin in sorted(found)],
        "total_amount": Amount(sum(coin.output.value for _, coin in found)),
    }


def _unspent(node: Node, outpoint: Outpoint, coin: Coin) -> Json:
    described = scripts.described(coin.output.script)
    return {
        "txid": outpoint[0],
        "vout": outpoint[1],
        "scriptPubKey": described["hex"],
        "desc": described["desc"],
        "amount": Amount(coin.output.value),
        "coinbase": coin.is_coinbase,
        "height": coin.height,
        "blockhash": node.chain.active[coin.height].hash,
        "confirmations": node.chain.height - coin.height + 1,
    }


@method()
def getdescriptoractivity(
    node: Node, blockhashes: list[Any], scanobjects: list[Any], include_mempool: bool = True
) -> Json:
    """What the blocks, in their order, and then the mempool brought to these descriptors and took from them."""
    entries = [entry_of(node, str(each)) for each in blockhashes]
    if not all(node.chain.is_active(entry) for entry in entries):
        raise RpcError(NOT_FOUND, "Block is not in main chain")
    wanted = scanned(scanobjects)
    activity: list[Json] = []
    for entry in sorted(entries, key=lambda entry: entry.height):
        place = {"blockhash": entry.hash, "height": entry.height}
        for each in entry.block.transactions:
            activity += _events(each, entry.spent, wanted, place)
    for waiting in node.pool.waiting.values() if include_mempool else ():
        coins = {each.outpoint: node.pool.coin(each.outpoint) for each in waiting.transaction.inputs}
        spent = {outpoint: coin for outpoint, coin in coins.items() if coin is not None}
        activity += _events(waiting.transaction, spent, wanted, {})
    return {"activity": activity}


def _events(moved: Transaction, spent: dict[Outpoint, Coin], wanted: set[bytes], place: Place) -> list[Json]:
    told: list[Json] = []
    for number, entry in enumerate(moved.inputs):
        coin = spent.get(entry.outpoint)
        if coin is not None and coin.output.script in wanted:
            source = {"prevout_txid": entry.outpoint[0], "prevout_vout": entry.outpoint[1]}
            event = {"type": "spend", "amount": Amount(coin.output.value), **place, "spend_txid": moved.txid}
            spk = scripts.described(coin.output.script)
            told.append({**event, "spend_vin": number, **source, "prevout_spk": spk})
    for number, output in enumerate(moved.outputs):
        if output.script in wanted:
            event = {"type": "receive", "amount": Amount(output.value), **place, "txid": moved.txid}
            told.append({**event, "vout": number, "output_spk": scripts.described(output.script)})
    return told


def scanned(objects: list[Any]) -> set[bytes]:
    return {_script(each["desc"] if isinstance(each, dict) and "desc" in each else each) for each in objects}


def _script(descriptor: Any) -> bytes:
    """addr(…) and raw(…), with their checksum or without."""
    text, mark, given = str(descriptor).partition("#")
    if mark and given != descriptors.checksum(text):
        raise RpcError(NOT_FOUND, f"Provided checksum '{given}' does not match computed checksum")
    kind, _, inner = text.removesuffix(")").partition("(")
    if kind == "addr" and text.endswith(")"):
        return script_of(inner, "Address is not valid")
    if kind == "raw" and text.endswith(")"):
        try:
            return bytes.fromhex(inner)
        except ValueError:
            raise RpcError(NOT_FOUND, "Raw script is not hex") from None
    raise RpcError(NOT_FOUND, f"'{kind}' is not a descriptor function that this node knows")
