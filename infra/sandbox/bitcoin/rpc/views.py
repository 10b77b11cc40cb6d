"""Transactions, headers and blocks in JSON (core_write.cpp, rpc/blockchain.cpp, rpc/rawtransaction.cpp)."""

from typing import Any

from infra.sandbox.bitcoin import blocks, scripts
from infra.sandbox.bitcoin.chain import Coin, Entry
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.pool import Waiting
from infra.sandbox.bitcoin.rpc.numbers import Amount
from infra.sandbox.bitcoin.transactions import Input, Outpoint, Output, Transaction

Json = dict[str, Any]
SIMPLE, WITH_TRANSACTIONS, WITH_SPENT = 1, 2, 3
DIFFICULTY = float(f"{0xFFFF / 0x7FFFFF / 256**3:.16g}")  # of bits 0x207fffff, to 1 of 0x1d00ffff (GetDifficulty)


def transaction(
    shown: Transaction,
    spent: dict[Outpoint, Coin] | None = None,
    *,
    with_spent: bool = False,
    with_hex: bool = True,
) -> Json:
    """TxToUniv. With what it spent it shows the fee, and that as well if asked for."""
    known = spent if spent is not None and not shown.is_coinbase else None
    prevouts = known if with_spent else None
    seen: Json = {
        "txid": shown.txid,
        "hash": shown.wtxid,
        "version": shown.version,
        "size": shown.size,
        "vsize": shown.vsize,
        "weight": shown.weight,
        "locktime": shown.lock_time,
        "vin": [_input(shown, entry, prevouts) for entry in shown.inputs],
        "vout": [output_at(output, place) for place, output in enumerate(shown.outputs)],
    }
    if known is not None and all(entry.outpoint in known for entry in shown.inputs):
        paid_in = sum(known[entry.outpoint].output.value for entry in shown.inputs)
        seen["fee"] = Amount(paid_in - sum(output.value for output in shown.outputs))
    return {**seen, "hex": shown.serialized().hex()} if with_hex else seen


def _input(shown: Transaction, entry: Input, spent: dict[Outpoint, Coin] | None) -> Json:
    if shown.is_coinbase:
        seen: Json = {"coinbase": entry.script.hex()}
    else:
        script = {"asm": scripts.assembly(entry.script), "hex": entry.script.hex()}
        seen = {"txid": entry.outpoint[0], "vout": entry.outpoint[1], "scriptSig": script}
    if entry.witness:
        seen["txinwitness"] = [item.hex() for item in entry.witness]
    if spent is not None and (coin := spent.get(entry.outpoint)):
        seen["prevout"] = {
            "generated": coin.is_coinbase,
            "height": coin.height,
            "value": Amount(coin.output.value),
            "scriptPubKey": scripts.described(coin.output.script),
        }
    return {**seen, "sequence": entry.sequence}


def output_at(output: Output, place: int) -> Json:
    return {"value": Amount(output.value), "n": place, "scriptPubKey": scripts.described(output.script)}


def confirmations(node: Node, entry: Entry) -> int:
    return node.chain.height - entry.height + 1 if node.chain.is_active(entry) else -1


def header(node: Node, entry: Entry) -> Json:
    told = entry.block.header
    seen: Json = {
        "hash": entry.hash,
        "confirmations": confirmations(node, entry),
        "height": entry.height,
        "version": told.version,
        "versionHex": f"{told.version:08x}",
        "merkleroot": told.merkle_root,
        "time": told.time,
        "mediantime": node.chain.median_time(entry),
        "nonce": told.nonce,
        "bits": f"{told.bits:08x}",
        "target": f"{blocks.TARGET:064x}",
        "difficulty": DIFFICULTY,
        "chainwork": work(entry),
        "nTx": len(entry.block.transactions),
    }
    if entry.height:
        seen["previousblockhash"] = told.parent
    if node.chain.is_active(entry) and entry.height < node.chain.height:
        seen["nextblockhash"] = node.chain.active[entry.height + 1].hash
    return seen


def work(entry: Entry) -> str:
    return f"{blocks.WORK * (entry.height + 1):064x}"


def block(node: Node, entry: Entry, verbosity: int) -> Json:
    held = entry.block.transactions
    stripped, size = len(entry.block.serialized(with_witness=False)), len(entry.block.serialized())
    told: list[Any] = [each.txid for each in held]
    if verbosity >= WITH_TRANSACTIONS:
        told = [transaction(each, entry.spent, with_spent=verbosity >= WITH_SPENT) for each in held]
    weight = 3 * stripped + size
    return {**header(node, entry), "strippedsize": stripped, "size": size, "weight": weight, "tx": told}


def waiting(node: Node, each: Waiting) -> Json:
    """entryToJSON in rpc/mempool.cpp."""
    pool, ids = node.pool, each.transaction.txid
    above, below = pool.with_ancestors([each]), pool.with_descendants([each])
    is_replaceable = any(e.sequence < 0xFFFFFFFE for up in above for e in up.transaction.inputs)
    return {
        "vsize": each.transaction.vsize,
        "weight": each.transaction.weight,
        "time": each.time,
        "height": each.height,
        "descendantcount": len(below),
        "descendantsize": sum(one.transaction.vsize for one in below),
        "ancestorcount": len(above),
        "ancestorsize": sum(one.transaction.vsize for one in above),
        "wtxid": each.transaction.wtxid,
        "fees": {
            "base": Amount(each.fee),
            "modified": Amount(each.fee),
            "ancestor": Amount(sum(one.fee for one in above)),
            "descendant": Amount(sum(one.fee for one in below)),
        },
        "depends": [one.transaction.txid for one in pool.parents(each.transaction)],
        "spentby": [one.transaction.txid for one in pool.children(each.transaction)],
        "bip125-replaceable": is_replaceable,
        "unbroadcast": ids in pool.waiting,
    }
