"""The chain's own coin: what transactions bring themselves, what contracts send inside of them, and balances.

None leaves a log. A contract's sending shows in traces (geth, "Built-in tracers": callTracer), and in balances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.evm.node import Refused
from paygate.adapters.chains.evm.wire import address, quantity, readable, word, written
from paygate.chain_ports import ChainTransfer
from paygate.domain.errors import NodeMisled, NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paygate.adapters.chains.evm.node import Node
    from paygate.adapters.chains.evm.settings import EvmSettings
    from paygate.chain_ports import Block
    from paygate.domain.money import Asset

VALUE, TRACE, BALANCE = "value", "trace:", "balance"
TRACER = {"tracer": "callTracer"}
_RECEIPTS_AT_ONCE, _BALANCES_AT_ONCE = 50, 100
# A delegated call runs with the value of the call around it, a static one has none, and CALLCODE pays itself.
_MOVING = frozenset({"CALL", "CREATE", "CREATE2", "SELFDESTRUCT", "SUICIDE"})
_ALL_IS_WELL, _FAILED = 1, 0


@dataclass(frozen=True, slots=True)
class Sent:
    """Coins that moved, if the transaction succeeded."""

    key: str
    units: int
    tx_id: str
    index: str
    sender: str
    block: Block


class Natives:
    def __init__(self, node: Node, settings: EvmSettings, coin: Asset) -> None:
        self._node, self._coin, self._text = node, coin, settings.encoding.text
        self._checked: tuple[str, set[tuple[str, int]]] = ("", set())

    # ------------------------------------------------------------ transactions and what they call

    def traced(self, blocks: Sequence[Block], *, is_needed: bool) -> list[Sent]:
        """What contracts sent. Raises NodeUnavailable where a block's traces cannot be had and are needed."""
        found: list[Sent] = []
        for block in blocks:
            traces = self._traces(block)
            if traces is None and is_needed:
                raise NodeUnavailable("the node has no traces of a block that it has")
            with readable("traces"):
                for trace in traces or ():
                    found += inner(word(trace["txHash"]), trace["result"], block)
        return found

    def _traces(self, block: Block) -> Sequence[Any] | None:
        """None where the node does not have them, or lacks a transaction's: it forgot the block's state."""
        try:
            traces = self._node.ask("debug_traceBlockByHash", "0x" + block.hash, TRACER)
        except Refused:
            return None
        with readable("traces"):
            is_whole = traces is not None and all("result" in trace for trace in traces)
        return traces if is_whole else None

    def succeeded(self, sent: Sequence[Sent]) -> list[ChainTransfer]:
        """Those whose transaction's receipt says so, from that very block."""
        ids = list(dict.fromkeys(each.tx_id for each in sent))
        states = dict(zip(ids, self.receipts(ids), strict=True))
        blocks = {each.tx_id: each.block for each in sent}
        is_good = {}
        for tx_id, receipt in states.items():
            if receipt is None:
                raise NodeUnavailable("the node lacks a receipt of a block that it has")
            with readable("a receipt"):
                if word(receipt["blockHash"]) != blocks[tx_id].hash:
                    raise NodeUnavailable("the chain turned while it was read")
            is_good[tx_id] = is_success(receipt)
        return [self.transfer(each) for each in sent if is_good[each.tx_id]]

    def transfer(self, sent: Sent) -> ChainTransfer:
        return ChainTransfer(
            self._coin, sent.key, sent.units, sent.tx_id, sent.index, sent.block, self._text(sent.sender)
        )

    def receipts(self, tx_ids: Sequence[str]) -> list[Any]:
        asked = [("eth_getTransactionReceipt", ["0x" + tx_id]) for tx_id in tx_ids]
        return self._node.ask_all(asked, _RECEIPTS_AT_ONCE)

    # ------------------------------------------------------------ balances

    def missed(self, known: Mapping[str, int], block: Block) -> list[ChainTransfer]:
        """What an address holds beyond what is known. Asked once for each block and what is known by then."""
        at, seen = self._checked
        fresh = sorted(set(known.items()) - seen) if at == block.hash else sorted(known.items())
        asked = [("eth_getBalance", ["0x" + key, written(block.height)]) for key, _ in fresh]
        balances = self._node.ask_all(asked, _BALANCES_AT_ONCE)
        with readable("a balance"):
            held = [quantity(each) for each in balances]
        found, even = [], set()
        for (key, units), balance in zip(fresh, held, strict=True):
            if balance > units:
                found.append(ChainTransfer(self._coin, key, balance - units, block.hash, BALANCE, block))
            else:
                even.add((key, units))
        self._checked = (block.hash, even | seen if at == block.hash else even)
        return found


class Traces:
    """Whether the node traces. Asked once where the settings leave it open, and remembered.

    A node that prunes forgets the states of older blocks, and with them their traces (geth keeps 128 of them).
    Unless the settings insist on traces, final blocks do without: balances show what open payments received.
    """

    def __init__(self, node: Node, *, is_wanted: bool | None) -> None:
        self._node, self._is_there = node, is_wanted
        self.is_insisted_on = bool(is_wanted)

    def are_there(self, block: Block) -> bool:
        if self._is_there is None:
            try:
                answer = self._node.ask("debug_traceBlockByHash", "0x" + block.hash, TRACER)
            except Refused:
                self._is_there = False
            else:
                self._is_there = isinstance(answer, list)
        return self._is_there


def sent_by(transactions: Sequence[Any], block: Block) -> Iterator[Sent]:
    """What a block's transactions bring themselves. One without a receiver makes a contract."""
    for transaction in transactions:
        if transaction["value"] != "0x0" and transaction["to"] is not None and quantity(transaction["value"]):
            yield Sent(
                address(transaction["to"]),
                quantity(transaction["value"]),
                word(transaction["hash"]),
                VALUE,
                address(transaction["from"]),
                block,
            )


def inner(tx_id: str, frame: Mapping[str, Any], block: Block) -> Iterator[Sent]:
    """What contracts sent in one transaction. A frame that failed took back all that was done below it.

    A transfer is numbered among those to the same address in its transaction: tracers differ in which empty calls
    they show.
    """
    count: dict[str, int] = {}
    ahead = list(reversed(_calls(frame)))
    while ahead:
        call = ahead.pop()
        if call.get("error") is not None:
            continue
        ahead.extend(reversed(_calls(call)))
        units = quantity(call.get("value") or "0x0")
        if not units or call["type"] not in _MOVING or call.get("to") is None:
            continue
        key, sender = address(call["to"]), address(call["from"])
        if key != sender:
            number = count[key] = count.get(key, -1) + 1
            yield Sent(key, units, tx_id, f"{TRACE}{number}", sender, block)


def _calls(frame: Mapping[str, Any]) -> Sequence[Any]:
    return () if frame.get("error") is not None else frame.get("calls") or ()


def is_success(receipt: Mapping[str, Any]) -> bool:
    """EIP-658. A receipt without a status is older than any chain of ours."""
    with readable("a receipt"):
        status = quantity(receipt["status"])
    if status not in (_ALL_IS_WELL, _FAILED):
        raise NodeMisled("a receipt's status is neither success nor failure")
    return status == _ALL_IS_WELL
