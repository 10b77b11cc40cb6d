"""What only a test network allows: blocks on demand, branches judged by hand, a clock that is set (rpc/mining.cpp,
rpc/blockchain.cpp, rpc/node.cpp).
"""

from typing import Any

from infra.sandbox.bitcoin.chain import BlockRefused
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.rpc.chain_methods import entry_of
from infra.sandbox.bitcoin.rpc.errors import NOT_FOUND, PARAMETER, VERIFY, RpcError
from infra.sandbox.bitcoin.rpc.making import script_of
from infra.sandbox.bitcoin.rpc.pool_methods import decoded
from infra.sandbox.bitcoin.rpc.registry import method
from infra.sandbox.bitcoin.signatures import BadSignature, check
from infra.sandbox.bitcoin.transactions import Transaction

ID_LENGTH = 64


@method()
def generatetoaddress(node: Node, nblocks: int, address: str, maxtries: int = 1_000_000) -> list[str]:
    del maxtries
    return node.generate(script_of(address, "Error: Invalid address"), nblocks)


@method()
def generateblock(node: Node, output: str, transactions: list[Any], submit: bool = True) -> dict[str, str]:
    """With exactly these: ids of what waits, or transactions in hex."""
    if not submit:
        raise RpcError(PARAMETER, "This node keeps what it mines.")
    script = script_of(output.removeprefix("addr(").removesuffix(")"), "Error: Invalid address or descriptor")
    wanted = [_wanted(node, str(each)) for each in transactions]
    try:
        _check_signatures(node, wanted)
        return {"hash": node.generate_with(script, wanted).hash}
    except (BlockRefused, BadSignature) as refused:
        raise RpcError(VERIFY, f"TestBlockValidity failed: {refused}") from None


def _wanted(node: Node, text: str) -> Transaction:
    if len(text) != ID_LENGTH:
        return decoded(text, f"Transaction decode failed for {text}. Make sure the tx has at least one input.")
    waiting = node.pool.waiting.get(text)
    if waiting is None:
        raise RpcError(NOT_FOUND, f"Transaction {text} not in mempool.")
    return waiting.transaction


def _check_signatures(node: Node, wanted: list[Transaction]) -> None:
    coins = node.chain.check_spending(wanted, node.chain.height + 1)
    for each in wanted:
        for place, entry in enumerate(each.inputs):
            check(each, place, coins[entry.outpoint].output)


@method()
def invalidateblock(node: Node, blockhash: str) -> None:
    node.invalidate(entry_of(node, blockhash))


@method()
def reconsiderblock(node: Node, blockhash: str) -> None:
    node.reconsider(entry_of(node, blockhash))


@method()
def setmocktime(node: Node, timestamp: int) -> None:
    if timestamp < 0:
        raise RpcError(PARAMETER, f"Mocktime must be in the range [0, 9223372036], not {timestamp}.")
    node.set_clock(timestamp)
