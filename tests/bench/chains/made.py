"""A chain of 1,000 blocks with 100 transfers each, of which one is to an address of ours, on a node of its own.

What tells of transfers here is no token but what a token's log looks like: a node that keeps no balances is made in
seconds, and its answers are the same byte for byte. In each block one transaction pays strangers and one pays ours.
"""

from __future__ import annotations

import random
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from infra.evm.contracts import MAKER, PAYER
from infra.local.servers.anvil import BSC, Anvil

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.evm.rpc import Node

BLOCKS, TRANSFERS = 1_000, 100
UNITS = 10**18
_TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
# mem[0] = word 0 of the input; for each further word: LOG3(mem[0:32], Transfer, caller, word).
_RUNTIME = f"60003560005260205b36811015603f578035337f{_TRANSFER}60206000a36020016008565b00"
_INIT = f"60{len(_RUNTIME) // 2:02x}600c60003960{len(_RUNTIME) // 2:02x}6000f3"
_GAS, _GAS_PRICE = 1_000_000, 10**10
_EMPTY = 2


@dataclass(frozen=True)
class Made:
    """Blocks `first` to `last`, and so many empty ones up to `head` that all of them are final.

    `before` is the hash of the block below them, made at `before_time`.
    """

    url: str
    chain_id: int
    token: str
    first: int
    last: int
    head: int
    before: str
    before_time: int

    @property
    def transfers(self) -> int:
        return (self.last - self.first + 1) * TRANSFERS


@contextmanager
def chain(directory: Path) -> Iterator[Made]:
    with Anvil(directory, network=BSC, keeps_chain=False) as server:
        _apart()
        node = server.node()
        try:
            yield _built(server, node)
        finally:
            node.close()


def _built(server: Anvil, node: Node) -> Made:
    token = node.receipt(node.send(MAKER, None, f"0x{_INIT}{_RUNTIME}"))["contractAddress"]
    before = node.block("latest")
    node.call("evm_setAutomine", False)  # noqa: FBT003  JSON-RPC's
    strangers = random.Random(0)
    for number in range(1, BLOCKS + 1):
        _pay(node, token, [strangers.getrandbits(160) for _ in range(TRANSFERS - 1)])
        _pay(node, token, [number])
        node.call("anvil_mine", "0x1", "0x0")
    node.call("anvil_mine", hex(_EMPTY), "0x0")
    height = int(before["number"], 16)
    last = height + BLOCKS
    time = int(before["timestamp"], 16)
    chain_id = server.network.chain_id
    return Made(server.url, chain_id, token, height + 1, last, last + _EMPTY, before["hash"], time)


def _pay(node: Node, token: str, receivers: list[int]) -> None:
    data = "0x" + "".join(f"{word:064x}" for word in (UNITS, *receivers))
    transaction = {"from": PAYER, "to": token, "data": data, "gas": hex(_GAS), "gasPrice": hex(_GAS_PRICE)}
    node.call("eth_sendTransaction", transaction)


def _apart() -> None:
    """Where the other servers are, and not on the measuring process's processor."""
    me = psutil.Process()
    if not hasattr(me, "cpu_affinity"):
        return
    others = sorted(set(range(psutil.cpu_count() or 1)) - set(me.cpu_affinity()))
    for child in me.children(recursive=True) if others else ():
        with suppress(psutil.NoSuchProcess):
            child.cpu_affinity(others)
