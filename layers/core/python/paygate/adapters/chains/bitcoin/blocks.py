"""Blocks by height and hash, each proven by its own bytes (`wire`): a node that tells other than it was asked for,
or transactions that are not the block's, is caught.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.bitcoin import wire
from paygate.chain_ports import Block, ChainTransfer
from paygate.domain.assets import BTC
from paygate.domain.errors import NodeMisled, NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.chains.bitcoin.rpc import CoreRpc

_IN_HEX, _NO_WORDS = False, 0  # getblockheader's and getblock's `verbose`


class Blocks:
    def __init__(self, rpc: CoreRpc) -> None:
        self._rpc = rpc

    def hashes(self, heights: Sequence[int]) -> list[str]:
        """On the node's own branch. Raises CallRefused (OUT_OF_RANGE) when one is above its head."""
        if not heights:
            return []
        found = self._rpc.all(*(("getblockhash", height) for height in heights))
        if not all(isinstance(hashed, str) for hashed in found):
            raise NodeUnavailable("the node's answer is no hash")
        return found

    def header(self, height: int, hashed: str) -> Block:
        raw = from_hex(self._rpc.call("getblockheader", hashed, _IN_HEX))
        try:
            return _block(height, hashed, wire.read_header(raw))
        except ValueError:
            raise NodeMisled("a block's header is none") from None

    def read(self, height: int, hashed: str) -> tuple[Block, list[wire.Transaction]]:
        raw = from_hex(self._rpc.call("getblock", hashed, _NO_WORDS))
        try:
            header, transactions = wire.read_block(raw)
        except ValueError:
            raise NodeMisled("a block does not hold what its header says") from None
        return _block(height, hashed, header), transactions


def transfers(transaction: wire.Transaction, block: Block | None) -> list[ChainTransfer]:
    """All that it pays, to whomever: an output each, also where several pay the same address."""
    if transaction.is_coinbase:
        return []
    return [
        ChainTransfer(BTC, output.script, output.units, transaction.id, str(number), block)
        for number, output in enumerate(transaction.outputs)
        if output.units
    ]


def from_hex(answer: Any) -> bytes:
    try:
        return bytes.fromhex(answer)
    except (TypeError, ValueError):
        raise NodeUnavailable("the node's answer is not hexadecimal") from None


def _block(height: int, hashed: str, header: wire.Header) -> Block:
    if header.hash != hashed:
        raise NodeMisled("the node tells another block than it was asked for")
    return Block(height, header.hash, header.parent, header.time)
