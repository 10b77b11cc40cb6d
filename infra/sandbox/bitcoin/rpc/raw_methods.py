"""Transactions and outputs, wherever they are (rpc/rawtransaction.cpp, rpc/blockchain.cpp)."""

from typing import Any

from infra.sandbox.bitcoin.chain import Entry
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.rpc import views
from infra.sandbox.bitcoin.rpc.errors import NOT_FOUND, RpcError
from infra.sandbox.bitcoin.rpc.making import unsigned
from infra.sandbox.bitcoin.rpc.pool_methods import decoded
from infra.sandbox.bitcoin.rpc.registry import hash_of, level, method
from infra.sandbox.bitcoin.transactions import Transaction

Json = dict[str, Any]
TELLS_SPENT = 2
SAY_WHERE = "Use gettransaction for wallet transactions."


@method(verbose="verbosity")
def getrawtransaction(node: Node, txid: str, verbosity: Any = None, blockhash: str | None = None) -> Json | str:
    """From the mempool, the block that is named, or (as with -txindex) wherever it is."""
    tx_id, told = hash_of(txid, "parameter 1"), level(verbosity, 0)
    named = _named_block(node, blockhash)
    entry, found = _found(node, tx_id, named)
    if told == 0:
        return found.serialized().hex()
    active = {"in_active_chain": node.chain.is_active(named)} if named else {}
    spent = entry.spent if entry is not None and told >= TELLS_SPENT else None
    seen = {**active, **views.transaction(found, spent, with_spent=True)}
    return seen if entry is None else {**seen, **_place(node, entry)}


def _named_block(node: Node, blockhash: str | None) -> Entry | None:
    if blockhash is None:
        return None
    entry = node.chain.entries.get(hash_of(blockhash, "parameter 3"))
    if entry is None:
        raise RpcError(NOT_FOUND, "Block hash not found")
    return entry


def _found(node: Node, tx_id: str, named: Entry | None) -> tuple[Entry | None, Transaction]:
    waiting = node.pool.waiting.get(tx_id)
    if named is None and waiting is not None:
        return None, waiting.transaction
    hashed = named.hash if named else node.chain.places.get(tx_id)
    entry = node.chain.entries[hashed] if hashed else None
    for each in entry.block.transactions if entry else ():
        if each.txid == tx_id:
            if entry is not None and entry.height == 0:
                raise RpcError(NOT_FOUND, "The genesis block coinbase is not considered an ordinary transaction")
            return entry, each
    known = (
        "No such transaction found in the provided block."
        if named
        else "No such mempool or blockchain transaction."
    )
    raise RpcError(NOT_FOUND, f"{known} {SAY_WHERE}")


def _place(node: Node, entry: Entry) -> Json:
    """A branch that lost gives no confirmations, and no time."""
    if not node.chain.is_active(entry):
        return {"blockhash": entry.hash, "confirmations": 0}
    at = entry.block.header.time
    counted = views.confirmations(node, entry)
    return {"blockhash": entry.hash, "confirmations": counted, "time": at, "blocktime": at}


@method()
def gettxout(node: Node, txid: str, n: int, include_mempool: bool = True) -> Json | None:
    outpoint = (hash_of(txid, "txid"), n)
    coin = node.pool.coin(outpoint) if include_mempool else node.chain.coins.get(outpoint)
    if coin is None or (include_mempool and outpoint in node.pool.spenders):
        return None
    output = views.output_at(coin.output, n)
    return {
        "bestblock": node.chain.tip.hash,
        "confirmations": max(node.chain.height - coin.height + 1, 0),
        "value": output["value"],
        "scriptPubKey": output["scriptPubKey"],
        "coinbase": coin.is_coinbase,
    }


@method()
def decoderawtransaction(_node: Node, hexstring: str, iswitness: bool | None = None) -> Json:
    del iswitness
    return views.transaction(decoded(hexstring, "TX decode failed"), with_hex=False)


@method()
def createrawtransaction(
    _node: Node, inputs: list[Any], outputs: Any, locktime: int = 0, replaceable: bool = True
) -> str:
    return unsigned(inputs, outputs, locktime, is_replaceable=replaceable).serialized().hex()
