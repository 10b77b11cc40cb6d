"""One scan: the blocks of a range, and what they brought.

Blocks that may still turn are read header first, and their logs by the header's hash, so that what is told of one
is of that very block. Older ones are read by ranges. Blocks are fetched whole only where the chain's own coin
is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.evm.logs import receivers, sent_to
from paygate.adapters.chains.evm.natives import sent_by
from paygate.adapters.chains.evm.wire import block as read_block
from paygate.adapters.chains.evm.wire import quantity, readable, written
from paygate.chain_ports import Scan
from paygate.domain.errors import NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from paygate.adapters.chains.evm.logs import TokenLogs
    from paygate.adapters.chains.evm.natives import Natives, Sent, Traces
    from paygate.adapters.chains.evm.node import Node
    from paygate.chain_ports import Block, ChainTransfer, Watch

_WHOLE_AT_ONCE = 8
"""Blocks with all their transactions, of a few hundred kilobytes each."""

_TOLD_AT_ONCE = 50


class Scanning:
    """The state of one scan."""

    def __init__(self, node: Node, logs: TokenLogs, natives: Natives | None, traces: Traces, watch: Watch) -> None:
        self._node, self._logs, self._natives, self._traces = node, logs, natives, traces
        self._watch, self._few = watch, watch.few
        self._is_idle = watch.few is not None and not watch.few
        self._blocks: dict[int, Block] = {}
        self._transfers: list[ChainTransfer] = []

    def run(self, first: int, last: int, tell_from: int) -> Scan:
        self._logs.begin()
        for start, end in self._pieces(first, min(last, tell_from - 1), is_told=False):
            self._read(start, end, is_told=False)
        for start, end in self._pieces(max(first, tell_from), last, is_told=True):
            self._read(start, end, is_told=True)
        self._headers({first, last})
        self._require_linked()
        told = {first, last, *range(max(first, tell_from), last + 1)}
        told.update(each.block.height for each in self._transfers if each.block)
        transfers = sorted(self._transfers, key=lambda each: each.block.height if each.block else last)
        return Scan([self._blocks[height] for height in sorted(told)], transfers)

    def _pieces(self, first: int, last: int, *, is_told: bool) -> Iterator[tuple[int, int]]:
        start = first
        while start <= last:
            if self._is_idle:
                longest = last - start + 1
            elif self._natives is not None:
                longest = _WHOLE_AT_ONCE
            else:
                longest = _TOLD_AT_ONCE if is_told else self._logs.step
            end = min(start + longest - 1, last)
            yield start, end
            start = end + 1

    # ------------------------------------------------------------ one piece

    def _read(self, first: int, last: int, *, is_told: bool) -> None:
        heights = range(first, last + 1)
        if self._is_idle:
            self._headers(heights if is_told else ())
            return
        sent = self._whole(heights, is_told=is_told) if self._natives is not None else []
        if is_told:
            self._headers(heights)
            logs = self._logs.of_blocks([self._blocks[height] for height in heights], self._few)
        else:
            logs = self._logs.of_range(first, last, self._few)
        self._take(logs, sent)

    def _whole(self, heights: Iterable[int], *, is_told: bool) -> list[Sent]:
        """Whole blocks: what their transactions send, and what is sent inside of them."""
        asked = list(heights)
        answers = self._node.ask_all([("eth_getBlockByNumber", [written(each), True]) for each in asked])
        sent: list[Sent] = []
        blocks = []
        for height, answer in zip(asked, answers, strict=True):
            blocks.append(self._keep(height, answer))
            with readable("a block's transactions"):
                sent += sent_by(answer["transactions"], blocks[-1])
        if self._natives is not None and self._traces.are_there(blocks[-1]):
            sent += self._natives.traced(blocks, is_needed=is_told or self._traces.is_insisted_on)
        return sent

    def _take(self, logs: Sequence[dict[str, Any]], sent: Sequence[Sent]) -> None:
        keys = receivers(logs) | {each.key for each in sent}
        ours = self._ours(keys) if keys else frozenset()
        matched = sent_to(ours, logs) if ours else []
        with readable("a log"):
            self._headers({quantity(log["blockNumber"]) for log in matched})
        self._transfers += self._logs.transfers(matched, self._blocks)
        if self._natives is not None:
            self._transfers += self._natives.succeeded([each for each in sent if each.key in ours])

    def _ours(self, keys: Collection[str]) -> Collection[str]:
        few = self._few
        return set(self._watch.ours(keys)) if few is None else {key for key in keys if key in few}

    # ------------------------------------------------------------ headers

    def _headers(self, heights: Iterable[int]) -> None:
        wanted = sorted(set(heights) - self._blocks.keys())
        answers = self._node.ask_all([("eth_getBlockByNumber", [written(each), False]) for each in wanted])
        for height, answer in zip(wanted, answers, strict=True):
            self._keep(height, answer)

    def _keep(self, height: int, answer: Any) -> Block:
        if answer is None:
            raise NodeUnavailable("the node lacks a block below its head")
        found = self._blocks[height] = read_block(answer, height)
        return found

    def _require_linked(self) -> None:
        for height, block in self._blocks.items():
            before = self._blocks.get(height - 1)
            if before is not None and before.hash != block.parent:
                raise NodeUnavailable("the chain turned while it was read")
