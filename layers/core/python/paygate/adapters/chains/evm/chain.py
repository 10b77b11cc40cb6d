"""A node of Ethereum or BNB Smart Chain, over web3's JSON-RPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.chains.evm.logs import TokenLogs
from paygate.adapters.chains.evm.lookups import Lookups
from paygate.adapters.chains.evm.natives import Natives, Traces
from paygate.adapters.chains.evm.node import Node, Refused
from paygate.adapters.chains.evm.scanning import Scanning
from paygate.adapters.chains.evm.settings import AUTO, DEBUG
from paygate.adapters.chains.evm.wire import block as read_block
from paygate.adapters.chains.evm.wire import quantity, readable, written
from paygate.chain_ports import Head
from paygate.domain.errors import NodeMisled, NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from paygate.adapters.chains.evm.node import Http
    from paygate.adapters.chains.evm.settings import EvmSettings
    from paygate.chain_ports import Block, ChainTransfer, FoundTransaction, Scan, Watch

MOST_BYTES = 32 << 20
"""Of one answer, for whoever makes the transport; a node that says more is asked for less at once."""

# How long a block takes, about: slots of 12 seconds (ethereum.org, "Blocks"); docs.bnbchain.org, "Fermi hard fork".
_BLOCK_SECONDS = {"ethereum": 12.0, "bsc": 0.45}
# Deeper than either chain turned: three epochs; finality comes two blocks later on BNB Smart Chain (BEP-126).
_DEPTH = 96
_MOST_BLOCKS, _MOST_WHOLE_BLOCKS = 1000, 25  # a second or two each, where they are traced
# A node from before the tag does not understand it; one that has finalised nothing yet says something else.
_NO_SUCH_TAG = frozenset({-32600, -32601, -32602})


class EvmChain:
    """One adapter for both networks: they differ in their settings. Early sight is a block."""

    depth = _DEPTH

    def __init__(self, settings: EvmSettings, http: Http) -> None:
        self.network = settings.network
        self.assets = settings.assets
        self.hides = settings.native
        self.most_blocks = _MOST_WHOLE_BLOCKS if settings.native else _MOST_BLOCKS
        self.block_seconds = _BLOCK_SECONDS[settings.network]
        self._chain_id = settings.chain_id
        self.node = Node(settings.rpc_url, http)
        self._logs = TokenLogs(self.node, settings)
        self._natives = Natives(self.node, settings, settings.native) if settings.native else None
        self._traces = Traces(self.node, is_wanted={AUTO: None, DEBUG: True}.get(settings.traces, False))
        self._lookups = Lookups(self.node, self._logs, self._natives, self._traces)

    def head(self) -> Head:
        chain_id, latest, final = self.node.ask_each(
            [
                ("eth_chainId", []),
                ("eth_getBlockByNumber", ["latest", False]),
                ("eth_getBlockByNumber", ["finalized", False]),
            ]
        )
        for answer in (chain_id, latest):
            if answer is None or isinstance(answer, Refused):
                raise NodeUnavailable("the node does not tell its head")
        with readable("the chain's id"):
            if quantity(chain_id) != self._chain_id:
                raise NodeMisled("the node serves another chain than the one that is configured")
        newest = read_block(latest)
        final_height = self._final_height(final, newest)
        if final_height > newest.height:
            raise NodeMisled("the node calls a block final that it does not have")
        return Head(newest, final_height)

    def _final_height(self, answer: Any, newest: Block) -> int:
        if isinstance(answer, Refused) and answer.code in _NO_SUCH_TAG:
            return max(newest.height - self.depth, 0)
        if answer is None or isinstance(answer, Refused):
            raise NodeUnavailable("the node does not tell what is final")
        return read_block(answer).height

    def block(self, height: int, /) -> Block | None:
        [answer] = self.node.ask_all([("eth_getBlockByNumber", [written(height), False])])
        return None if answer is None else read_block(answer, height)

    def scan(self, first: int, last: int, watch: Watch, tell_from: int, /) -> Scan:
        return Scanning(self.node, self._logs, self._natives, self._traces, watch).run(first, last, tell_from)

    def unconfirmed(self, _keys: Collection[str], /) -> Sequence[ChainTransfer] | None:
        return None

    def standing(self, transfers: Sequence[ChainTransfer], /) -> Sequence[ChainTransfer]:
        return self._lookups.standing(transfers)

    def missed(self, known: Mapping[str, int], block: Block, /) -> Sequence[ChainTransfer]:
        return self._natives.missed(known, block) if self._natives else ()

    def transaction(self, tx_id: str, /) -> FoundTransaction:
        return self._lookups.transaction(tx_id)
