"""Bitcoin as a node shows it that speaks Core's JSON-RPC. Nothing is kept between calls, and no wallet is needed.

Source of the methods: Bitcoin Core's RPC reference, 29.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.chains.bitcoin.blocks import Blocks, transfers
from paygate.adapters.chains.bitcoin.lookup import find
from paygate.adapters.chains.bitcoin.mempool import waiting
from paygate.adapters.chains.bitcoin.rpc import OUT_OF_RANGE, CallRefused, CoreRpc, member
from paygate.chain_ports import Head, Scan
from paygate.domain.assets import BTC
from paygate.domain.errors import NodeMisled, NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from paygate.adapters.chains.bitcoin import wire
    from paygate.adapters.chains.bitcoin.settings import BitcoinSettings
    from paygate.adapters.rails.http import RailHttp
    from paygate.chain_ports import Block, ChainTransfer, FoundTransaction, Watch

_DEPTH = 100
_MOST_BEHIND = 6  # blocks that a node lacks and knows of: more than are just on their way


class BitcoinChain:
    """Bitcoin itself calls nothing final; what a payment waits for is its policy's. A block that 99 others follow
    is taken for settled here, as Bitcoin's own rules do: only then may newly mined coins be spent
    (COINBASE_MATURITY, src/consensus/consensus.h), and the deepest turn ever, in 2010, took 53.

    Coins mined straight to an address are no payment: nobody can spend them for those 100 blocks, and a turn does
    not mine them again.
    """

    network = "bitcoin"
    assets = (BTC,)
    hides = None
    most_blocks = 10
    block_seconds = 600.0
    depth = _DEPTH

    def __init__(self, settings: BitcoinSettings, http: RailHttp) -> None:
        self._serves = settings.chain
        self._rpc = CoreRpc(settings.rpc_url, settings.rpc_user, settings.rpc_password, http)
        self._blocks = Blocks(self._rpc)

    def head(self) -> Head:
        info = self._rpc.call("getblockchaininfo")
        height = member(info, "blocks", int)
        if member(info, "chain", str) != self._serves:
            raise NodeMisled("the node serves another chain than BITCOIN_NETWORK says")
        # By its own words of work still to do, not by `verificationprogress`: that is an estimate.
        is_behind = member(info, "headers", int) - height > _MOST_BEHIND
        if member(info, "initialblockdownload", bool) or is_behind:
            raise NodeUnavailable("the node still fetches blocks")
        latest = self._blocks.header(height, member(info, "bestblockhash", str))
        return Head(latest, max(height - _DEPTH + 1, 0))

    def block(self, height: int, /) -> Block | None:
        try:
            (hashed,) = self._blocks.hashes([height])
        except CallRefused as refused:
            if refused.number == OUT_OF_RANGE:
                return None
            raise
        return self._blocks.header(height, hashed)

    def scan(self, first: int, last: int, watch: Watch, tell_from: int, /) -> Scan:
        heights = range(first, last + 1)
        told: list[Block] = []
        found: list[ChainTransfer] = []
        parent: str | None = None
        for height, hashed in zip(heights, self._blocks.hashes(heights), strict=True):
            block, transactions = self._blocks.read(height, hashed)
            if parent is not None and block.parent != parent:
                raise NodeUnavailable("the chain turned while it was read")
            found += _ours(watch, transactions, block)
            if height in (first, last) or height >= tell_from:
                told.append(block)
            parent = block.hash
        return Scan(told, found)

    def unconfirmed(self, keys: Collection[str], /) -> Sequence[ChainTransfer] | None:
        return waiting(self._rpc, keys)

    def standing(self, asked: Sequence[ChainTransfer], /) -> Sequence[ChainTransfer]:
        """Raises when the node's branch does not reach a block's height: it knows nothing of it then."""
        places = sorted({(each.block.height, each.block.hash) for each in asked if each.block is not None})
        branch = self._blocks.hashes([height for height, _ in places])
        paid: set[tuple[str, ...]] = set()
        for (height, hashed), stands in zip(places, branch, strict=True):
            if hashed == stands:
                paid |= self._paid(height, hashed, {each.tx_id for each in asked})
        return [each for each in asked if _facts(each) in paid]

    def _paid(self, height: int, hashed: str, tx_ids: Collection[str]) -> set[tuple[str, ...]]:
        block, transactions = self._blocks.read(height, hashed)
        return {_facts(paid) for each in transactions if each.id in tx_ids for paid in transfers(each, block)}

    def missed(self, _known: Mapping[str, int], _block: Block, /) -> Sequence[ChainTransfer]:
        """Blocks show every payment."""
        return ()

    def transaction(self, tx_id: str, /) -> FoundTransaction:
        return find(self._rpc, self._blocks, tx_id)


def _ours(watch: Watch, transactions: Sequence[wire.Transaction], block: Block) -> list[ChainTransfer]:
    paid = [each for transaction in transactions for each in transfers(transaction, block)]
    keys = {each.key for each in paid}
    ours = watch.few & keys if watch.few is not None else set(watch.ours(keys))
    return [each for each in paid if each.key in ours]


def _facts(transfer: ChainTransfer) -> tuple[str, ...]:
    place = transfer.block.hash if transfer.block else ""
    return place, transfer.tx_id, transfer.index, transfer.key, str(transfer.units)
