"""TRON as a Chain: USDT by the logs of its one contract."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from paygate.adapters.chains.tron import movements
from paygate.adapters.chains.tron.blocks import NEWEST, Blocks, is_hash
from paygate.adapters.chains.tron.node import MAX_BYTES, TronNode
from paygate.adapters.rails.exact_json import text
from paygate.chain_ports import FoundTransaction, Head, Scan, TransactionState
from paygate.domain.assets import USDT_ON_TRON
from paygate.domain.errors import NodeMisled, NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import Any

    from paygate.adapters.chains.tron.blocks import FullBlock
    from paygate.adapters.chains.tron.movements import Movement
    from paygate.adapters.chains.tron.settings import TronSettings
    from paygate.adapters.rails.http import RailHttp
    from paygate.chain_ports import Block, ChainTransfer, Watch
    from paygate.domain.money import Asset

__all__ = ["MAX_BYTES", "TronChain"]

MAINNET_USDT = "a614f803b6fd780986a42c78ec9c7f77e6ded13c"
MAINNET_GENESIS = "00000000000000001ebf88508a03865c71d452e25f4d51194196a1d22b6653dc"
"""Its last four bytes are mainnet's chain id, 728126428 (TRON developer documentation, "Networks")."""

_ASSERTED_FOR_BLOCKS = 1200  # an hour's
_ASKED_AT_ONCE = 10_000


class TronChain:
    """`http` must take answers of MAX_BYTES.

    A scan asks for each block's receipts, and for a few blocks at a time: some 1.2 questions a block. It holds no
    more than those few.
    """

    network = "tron"
    assets: Sequence[Asset] = (USDT_ON_TRON,)
    hides: Asset | None = None  # a contract's transfers are all in its logs
    most_blocks = 50  # some 60 questions: five seconds where they are metered
    block_seconds = 3.0
    # A block is solidified once 19 of the 27 who take turns built on it: 18 blocks later, when all do their work.
    # No branch is longer than what is not solidified; a whole turn of the 27 is remembered.
    depth = 27

    def __init__(self, settings: TronSettings, http: RailHttp) -> None:
        self._token = settings.token
        self._node = TronNode(settings, http)
        self._blocks = Blocks(self._node)
        self._genesis = MAINNET_GENESIS if settings.token == MAINNET_USDT else None
        self._asserted_at: int | None = None

    def head(self) -> Head:
        latest, final_height = self._blocks.newest()
        at = self._asserted_at
        if at is None or not at <= latest.height < at + _ASSERTED_FOR_BLOCKS:
            self._assert_chain()
            self._asserted_at = latest.height
        return Head(latest, final_height)

    def _assert_chain(self) -> None:
        """Mainnet's contract is on mainnet. Of a test network the first answer is remembered."""
        first = self._blocks.header(0)
        if first is None or first.hash != (self._genesis or first.hash):
            raise NodeMisled("tron's node serves another chain")
        self._genesis = first.hash

    def block(self, height: int, /) -> Block | None:
        return self._blocks.header(height)

    def scan(self, first: int, last: int, watch: Watch, tell_from: int, /) -> Scan:
        told: list[Block] = []
        found = _Found(watch)
        for full in self._blocks.between(first, last):
            if full.block.height in (first, last) or full.block.height >= tell_from:
                told.append(full.block)
            if watch.few is None or watch.few:  # else nobody's receipts are of interest
                found.add(self._moved(full))
        # The range's other blocks are this one's ancestors: each was the parent of the next.
        self._blocks.require_unturned(told[-1])
        return Scan(told, found.ours())

    def _moved(self, full: FullBlock) -> Iterator[Movement]:
        height = full.block.height
        infos = self._node.ask(f"{self._blocks.view(height)}/gettransactioninfobyblocknum", num=height)
        return movements.of_block(infos, full, self._token)

    def unconfirmed(self, _keys: Collection[str], /) -> Sequence[ChainTransfer] | None:
        """What a transaction will do is not known before it ran: a node has no receipt of what waits."""
        return None

    def standing(self, transfers: Sequence[ChainTransfer], /) -> Sequence[ChainTransfer]:
        """Each block that they name is read again, whole."""
        stand: list[ChainTransfer] = []
        placed = [(transfer.block, transfer) for transfer in transfers if transfer.block is not None]
        placed.sort(key=lambda pair: (pair[0].height, pair[0].hash))
        for block, pairs in groupby(placed, key=lambda pair: (pair[0].height, pair[0].hash)):
            full = self._blocks.full(block[0])
            if full.block.hash != block[1]:
                continue
            there = {(USDT_ON_TRON, *moved[:4]) for moved in self._moved(full)}
            self._blocks.require_unturned(full.block)
            stand += [
                each for _, each in pairs if (each.asset, each.key, each.units, each.tx_id, each.index) in there
            ]
        return stand

    def missed(self, _known: Mapping[str, int], _block: Block, /) -> Sequence[ChainTransfer]:
        return ()

    def transaction(self, tx_id: str, /) -> FoundTransaction:
        if not is_hash(tx_id):
            return FoundTransaction(TransactionState.UNKNOWN)
        info = self._about(tx_id, "gettransactioninfobyid")
        if not info:
            return FoundTransaction(self._early(tx_id))
        height = info.get("blockNumber", 0)
        if text(info, "id") != tx_id or not isinstance(height, int):
            raise NodeMisled("tron's node answered with another receipt")
        full = self._blocks.full(height)
        if tx_id not in full.outcomes:
            raise NodeUnavailable("tron's chain turned while it was read")
        moved = tuple(each.told() for each in movements.of_transaction(info, full, self._token))
        is_done = movements.is_success(info, full)
        return FoundTransaction(TransactionState.DONE if is_done else TransactionState.FAILED, moved, full.block)

    def _early(self, tx_id: str) -> TransactionState:
        """Of a transaction without a receipt. It may be in a block whose receipts are not written yet."""
        if self._about(tx_id, "gettransactionbyid") or self._about(tx_id, "gettransactionfrompending"):
            return TransactionState.WAITING
        self._blocks.newest()  # raises where the node has nothing: then it does not know what is unknown
        return TransactionState.UNKNOWN

    def _about(self, tx_id: str, question: str) -> dict[str, Any]:
        said = self._node.ask(f"{NEWEST}/{question}", value=tx_id)
        if not isinstance(said, dict):
            raise NodeUnavailable("tron's node answered what cannot be read")
        return said


class _Found:
    """What a scan found. Whose it is the database is asked for many at once, and never for too many."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._waiting: list[Movement] = []
        self._ours: list[ChainTransfer] = []

    def add(self, moved: Iterator[Movement]) -> None:
        self._waiting += moved
        if len(self._waiting) >= _ASKED_AT_ONCE:
            self._ask()

    def ours(self) -> Sequence[ChainTransfer]:
        if self._waiting:
            self._ask()
        return self._ours

    def _ask(self) -> None:
        ours = set(self._watch.ours({moved.key for moved in self._waiting}))
        self._ours += [moved.told() for moved in self._waiting if moved.key in ours]
        self._waiting.clear()
