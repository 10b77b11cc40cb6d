"""Transfers and transactions that are asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.evm.natives import BALANCE, TRACER, inner, is_success, sent_by
from paygate.adapters.chains.evm.wire import block as read_block
from paygate.adapters.chains.evm.wire import quantity, readable, word, written
from paygate.chain_ports import FoundTransaction, TransactionState
from paygate.domain.errors import NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.chains.evm.logs import TokenLogs
    from paygate.adapters.chains.evm.natives import Natives, Traces
    from paygate.adapters.chains.evm.node import Node
    from paygate.chain_ports import Block, ChainTransfer

_HALVES = ("eth_getTransactionByHash", "eth_getTransactionReceipt")


class Lookups:
    def __init__(self, node: Node, logs: TokenLogs, natives: Natives | None, traces: Traces) -> None:
        self._node, self._logs, self._natives, self._traces = node, logs, natives, traces

    def standing(self, transfers: Sequence[ChainTransfer]) -> list[ChainTransfer]:
        """A block is looked up by its number first: one that was replaced holds nothing any more."""
        heights = sorted({each.block.height for each in transfers if each.block})
        blocks = dict(zip(heights, self._blocks(heights), strict=True))
        in_place = [each for each in transfers if each.block and blocks[each.block.height].hash == each.block.hash]
        by_transaction: dict[str, list[ChainTransfer]] = {}
        for each in in_place:
            if each.index != BALANCE:  # it was read at a final block, and may have been spent since
                by_transaction.setdefault(each.tx_id, []).append(each)
        there = {each for each in in_place if each.index == BALANCE}
        found = self._in_blocks(list(by_transaction), blocks)
        for tx_id, asked in by_transaction.items():
            shown = {(each.index, each.key, each.units, each.asset): each.block for each in found[tx_id]}
            there |= {
                each
                for each in asked
                if each.block
                and (block := shown.get((each.index, each.key, each.units, each.asset)))
                and block.hash == each.block.hash
            }
        return [each for each in transfers if each in there]

    def _in_blocks(self, tx_ids: list[str], blocks: dict[int, Block]) -> dict[str, list[ChainTransfer]]:
        """What is in these transactions, which must all be in one of the blocks.

        Where only the token is taken, a receipt says all that there is to know, its block like the transaction.
        """
        methods = _HALVES if self._natives is not None else _HALVES[-1:]
        answers = self._node.ask_all([(method, ["0x" + tx_id]) for method in methods for tx_id in tx_ids])
        receipts = answers[-len(tx_ids) :]
        found = {}
        for tx_id, transaction, receipt in zip(tx_ids, answers, receipts, strict=False):
            block = _block_of(transaction, receipt, blocks)
            found[tx_id] = self._brought(tx_id, transaction, receipt, block) if is_success(receipt) else []
        return found

    def transaction(self, tx_id: str) -> FoundTransaction:
        transaction, receipt = self._node.ask_all([(method, ["0x" + tx_id]) for method in _HALVES])
        if transaction is None and receipt is None:
            return FoundTransaction(TransactionState.UNKNOWN)
        with readable("a transaction"):
            if receipt is None and transaction["blockNumber"] is None:
                return FoundTransaction(TransactionState.WAITING)
            if transaction is None or receipt is None:
                raise NodeUnavailable("the node has half of a transaction")
            height = quantity(receipt["blockNumber"])
        block = _block_of(transaction, receipt, dict(zip([height], self._blocks([height]), strict=True)))
        if not is_success(receipt):
            return FoundTransaction(TransactionState.FAILED, block=block)
        return FoundTransaction(TransactionState.DONE, self._brought(tx_id, transaction, receipt, block), block)

    def _blocks(self, heights: list[int]) -> list[Block]:
        answers = self._node.ask_all([("eth_getBlockByNumber", [written(each), False]) for each in heights])
        if None in answers:
            raise NodeUnavailable("the node is behind what it showed before")
        return [read_block(answer, height) for height, answer in zip(heights, answers, strict=True)]

    def _brought(self, tx_id: str, transaction: Any, receipt: Any, block: Block) -> list[ChainTransfer]:
        """Every transfer of the chain's assets in a transaction that succeeded."""
        with readable("a receipt"):
            found = self._logs.transfers(receipt["logs"], {block.height: block})
            if self._natives is None:
                return found
            sent = list(sent_by([transaction], block))
        if self._traces.are_there(block):
            [trace] = self._node.ask_all([("debug_traceTransaction", ["0x" + tx_id, TRACER])])
            with readable("a trace"):
                sent += inner(tx_id, trace, block)
        return found + [self._natives.transfer(each) for each in sent]


def _block_of(transaction: Any, receipt: Any, blocks: dict[int, Block]) -> Block:
    """A node that lost a receipt for a moment, or is elsewhere for one half of a question, knows nothing."""
    if transaction is None or receipt is None:
        raise NodeUnavailable("the node lacks a receipt of a block that it has")
    with readable("a receipt"):
        block = blocks.get(quantity(receipt["blockNumber"]))
        if (
            block is None
            or word(receipt["blockHash"]) != block.hash
            or word(transaction["blockHash"]) != block.hash
        ):
            raise NodeUnavailable("the chain turned while it was read")
    return block
