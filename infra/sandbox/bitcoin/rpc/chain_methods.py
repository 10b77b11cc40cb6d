"""What is asked about blocks (rpc/blockchain.cpp)."""

from typing import Any

from infra.sandbox.bitcoin import blocks
from infra.sandbox.bitcoin.chain import Entry
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.rpc import views
from infra.sandbox.bitcoin.rpc.errors import NOT_FOUND, PARAMETER, RpcError
from infra.sandbox.bitcoin.rpc.numbers import Amount
from infra.sandbox.bitcoin.rpc.registry import hash_of, level, method

Json = dict[str, Any]
DAY = 24 * 3600


def entry_of(node: Node, blockhash: str) -> Entry:
    entry = node.chain.entries.get(hash_of(blockhash, "blockhash"))
    if entry is None:
        raise RpcError(NOT_FOUND, "Block not found")
    return entry


@method()
def getblockchaininfo(node: Node) -> Json:
    tip = node.chain.tip
    return {
        "chain": "regtest",
        "blocks": tip.height,
        "headers": tip.height,
        "bestblockhash": tip.hash,
        "bits": f"{blocks.BITS:08x}",
        "target": f"{blocks.TARGET:064x}",
        "difficulty": views.DIFFICULTY,
        "time": tip.block.header.time,
        "mediantime": node.chain.median_time(tip),
        "verificationprogress": 1,
        "initialblockdownload": tip.block.header.time < node.now() - DAY,
        "chainwork": views.work(tip),
        "size_on_disk": sum(len(entry.block.serialized()) for entry in node.chain.active[-1:]) * (tip.height + 1),
        "pruned": False,
        "warnings": [],
    }


@method()
def getblockcount(node: Node) -> int:
    return node.chain.height


@method()
def getbestblockhash(node: Node) -> str:
    return node.chain.tip.hash


@method()
def getblockhash(node: Node, height: int) -> str:
    if not 0 <= height <= node.chain.height:
        raise RpcError(PARAMETER, "Block height out of range")
    return node.chain.active[height].hash


@method()
def getblockheader(node: Node, blockhash: str, verbose: bool = True) -> Json | str:
    entry = entry_of(node, blockhash)
    return views.header(node, entry) if verbose else entry.block.header.serialized().hex()


@method(verbose="verbosity")
def getblock(node: Node, blockhash: str, verbosity: Any = None) -> Json | str:
    told = level(verbosity, 1)
    entry = entry_of(node, blockhash)
    return views.block(node, entry, told) if told > 0 else entry.block.serialized().hex()


@method()
def getchaintips(node: Node) -> list[Json]:
    """The active one, and each block that has no child on another branch."""
    parents = {entry.block.header.parent for entry in node.chain.entries.values()}
    leaves = [e for e in node.chain.entries.values() if e.hash not in parents or e is node.chain.tip]
    leaves.sort(key=lambda entry: (-entry.height, entry.order))
    return [
        {
            "height": entry.height,
            "hash": entry.hash,
            "branchlen": _branch_length(node, entry),
            "status": "active" if entry is node.chain.tip else "invalid" if entry.is_invalid else "valid-fork",
        }
        for entry in leaves
    ]


def _branch_length(node: Node, entry: Entry) -> int:
    for length, each in enumerate(node.chain.ancestors(entry, entry.height + 1)):
        if node.chain.is_active(each):
            return length
    return entry.height


@method()
def gettxoutsetinfo(node: Node, hash_type: str = "hash_serialized_3") -> Json:
    """Without the hash over all coins, which `none` leaves out."""
    if hash_type != "none":
        raise RpcError(PARAMETER, f"'{hash_type}' is not a valid hash_type")
    chain = node.chain
    return {
        "height": chain.height,
        "bestblock": chain.tip.hash,
        "txouts": len(chain.coins),
        "bogosize": sum(50 + len(coin.output.script) for coin in chain.coins.values()),
        "total_amount": Amount(sum(coin.output.value for coin in chain.coins.values())),
        "transactions": len({tx_id for tx_id, _ in chain.coins}),
        "disk_size": 0,
    }
