"""Transfers of the one token, by its logs (ERC-20, event Transfer(address indexed, address indexed, uint256)).

Only the receiver's topic of a log is touched before it is known to be ours: nearly all are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.evm.node import Refused
from paygate.adapters.chains.evm.wire import address, quantity, readable, word, written
from paygate.chain_ports import ChainTransfer
from paygate.domain.errors import NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from paygate.adapters.chains.evm.node import Node, Question
    from paygate.adapters.chains.evm.settings import EvmSettings
    from paygate.chain_ports import Block

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
_PADDING = "0x" + "0" * 24
_RECEIVERS_AT_ONCE = 500
_TOPICS = 3
_WORD_DIGITS = 66
_MANY_LOGS = 16_000
"""As many of one answer take about 50 MB."""

_FIRST_STEP, _MOST_STEP = 128, 2000
_PATIENCE = 32
"""After so many answers a longer range than the last that failed is tried, and less and less often."""


class TokenLogs:
    """Asks for ranges as long as the node gives and memory bears, which it learns."""

    def __init__(self, node: Node, settings: EvmSettings) -> None:
        self._node, self._token, self._usdt = node, settings.token, settings.usdt
        self._encoding = settings.encoding
        self.step = _FIRST_STEP
        self._longest, self._given, self._patience = _MOST_STEP, 0, _PATIENCE

    # ------------------------------------------------------------ asking

    def of_blocks(self, blocks: Sequence[Block], few: Collection[str] | None) -> list[dict[str, Any]]:
        """Each block's by its hash (EIP-234): a node that does not have that very block says so."""
        asked = [(block, self._question(few_of, blockHash="0x" + block.hash))
                 for block in blocks for few_of in _parts(few)]  # fmt: skip
        found: list[dict[str, Any]] = []
        for (block, _), logs in zip(asked, self._node.ask_all([each for _, each in asked]), strict=True):
            with readable("a block's logs"):
                if any(log["blockHash"][2:] != block.hash and word(log["blockHash"]) != block.hash for log in logs):
                    raise NodeUnavailable("the chain turned while it was read")
                found += logs
        return found

    def of_range(self, first: int, last: int, few: Collection[str] | None) -> list[dict[str, Any]]:
        """Halves what the node will not give at once, and skips nothing.

        The last block is asked for in the same batch: a node that has not got so far gives no logs either.
        """
        asked = [self._question(part, fromBlock=written(first), toBlock=written(last)) for part in _parts(few)]
        try:
            *answers, header = self._node.ask_each([*asked, ("eth_getBlockByNumber", [written(last), False])])
        except NodeUnavailable:
            self._bound(first, last)  # it may have been too much to do in time
            raise
        if any(isinstance(answer, Refused) for answer in answers):
            if first == last:
                raise NodeUnavailable("the node refuses the logs of a single block")
            self._bound(first, last)
            middle = (first + last) // 2
            return self.of_range(first, middle, few) + self.of_range(middle + 1, last, few)
        if header is None or isinstance(header, Refused):
            raise NodeUnavailable("the node lacks a block below its head")
        with readable("logs"):
            found = [log for answer in answers for log in answer]
        self._learn(first, last, len(found))
        return found

    def _question(self, receivers: Sequence[str] | None, **where: str) -> Question:
        topics: list[Any] = [TRANSFER]
        if receivers is not None:
            topics += [None, [_PADDING + key for key in receivers]]
        return "eth_getLogs", [{"address": "0x" + self._token, "topics": topics, **where}]

    def begin(self) -> None:
        """A new scan: one that is under way must not fail by what is only tried."""
        if self._given >= self._patience:
            self._longest, self._given = min(self._longest * 2, _MOST_STEP), 0

    def _learn(self, first: int, last: int, count: int) -> None:
        self._given += 1
        if count > _MANY_LOGS:
            self.step = max(1, min(self.step, (last - first + 1) // 2))
        elif count * 4 < _MANY_LOGS and last - first + 1 >= self.step:
            self.step = min(self.step * 2, self._longest)

    def _bound(self, first: int, last: int) -> None:
        self._longest = self.step = max(1, (last - first + 1) // 2)
        self._given, self._patience = 0, self._patience * 2

    # ------------------------------------------------------------ reading

    def transfers(self, logs: Iterable[dict[str, Any]], blocks: dict[int, Block]) -> list[ChainTransfer]:
        """Of logs that are ours. Look-alikes, Approvals and transfers of nothing are no money."""
        with readable("a log"):
            read = [self._transfer(log, blocks) for log in logs]
        return [each for each in read if each is not None]

    def _transfer(self, log: dict[str, Any], blocks: dict[int, Block]) -> ChainTransfer | None:
        topics, data = log["topics"], log["data"]
        is_ours = (
            address(log["address"]) == self._token and len(topics) == _TOPICS and topics[0].lower() == TRANSFER
        )
        if not is_ours or len(data) != _WORD_DIGITS or not (units := int(word(data), 16)):
            return None
        block = blocks[quantity(log["blockNumber"])]
        if log.get("removed") or word(log["blockHash"]) != block.hash:
            raise NodeUnavailable("the chain turned while it was read")
        return ChainTransfer(
            self._usdt,
            word(topics[2])[24:],
            units,
            word(log["transactionHash"]),
            str(quantity(log["logIndex"])),
            block,
            self._encoding.text(word(topics[1])[24:]),
        )


def receivers(logs: Iterable[dict[str, Any]]) -> set[str]:
    """The keys that third topics end in, addresses or not."""
    with readable("logs"):
        return {
            topic[26:].lower()
            for log in logs
            if len(topics := log["topics"]) == _TOPICS and len(topic := topics[2]) == _WORD_DIGITS
        }


def sent_to(keys: Collection[str], logs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    with readable("logs"):
        return [
            log
            for log in logs
            if len(topics := log["topics"]) == _TOPICS
            and (topic := topics[2])[26:].lower() in keys
            and len(topic) == _WORD_DIGITS
            and topic.startswith(_PADDING)
        ]


def _parts(few: Collection[str] | None) -> list[list[str] | None]:
    if few is None:
        return [None]
    keys = sorted(few)
    return [keys[start : start + _RECEIVERS_AT_ONCE] for start in range(0, len(keys), _RECEIVERS_AT_ONCE)]
