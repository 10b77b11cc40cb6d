"""What collects on each network; its adapter is loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from paygate.adapters.rails.http import RailHttp
from paygate.domain.errors import NotFound, TreasuryMissing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.sweep_ports import Collector

_COLLECTORS = {
    "ethereum": ("paygate.adapters.chains.evm.collector", "EvmCollector"),
    "bsc": ("paygate.adapters.chains.evm.collector", "EvmCollector"),
    "tron": ("paygate.adapters.chains.tron.collector", "TronCollector"),
    "bitcoin": ("paygate.adapters.chains.bitcoin.collector", "BitcoinCollector"),
}
NETWORKS = tuple(_COLLECTORS)
_NODE_SECONDS, _NODE_BYTES = 60.0, 32 << 20


def collector(network: str, rails: Mapping[str, Any]) -> Collector:
    """`rails` are all settings. Raises NotFound for a network that is off, TreasuryMissing for one without any."""
    settings = rails.get(network)
    if settings is None:
        raise NotFound(f"{network} is not configured here")
    if settings.treasury is None:
        raise TreasuryMissing(f"{network.upper()}_TREASURY is not set: there is nowhere to collect to")
    module, name = _COLLECTORS[network]
    http = RailHttp(read_seconds=_NODE_SECONDS, total_seconds=_NODE_SECONDS, max_bytes=_NODE_BYTES)
    made: Collector = getattr(import_module(module), name)(settings, http)
    return made
