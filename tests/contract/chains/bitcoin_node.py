"""A Bitcoin node and the adapter on it, for the tests of this folder."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from paygate.adapters.chains.addresses.bitcoin import NETWORKS
from paygate.adapters.chains.bitcoin.chain import BitcoinChain
from paygate.adapters.chains.bitcoin.settings import BitcoinSettings
from paygate.adapters.rails.http import RailHttp
from paygate.chain_ports import ChainTransfer
from tests.contract.chains.adapters import NO_ACCOUNT
from tests.contract.chains.watching import read
from tests.support.bitcoin import Bitcoin

REGTEST = NETWORKS["regtest"]
DUST = 294
"""Satoshis to a witness public key hash below which nobody relays an output (Core, GetDustThreshold)."""


@dataclass(frozen=True)
class Payee:
    """Somebody who is paid, under an output script of their own."""

    key: str

    @property
    def address(self) -> str:
        return REGTEST.text(self.key)


def payee() -> Payee:
    return Payee("0014" + os.urandom(20).hex())


class Eyes:
    """The adapter on a node, and what it sees there."""

    def __init__(self, node: Bitcoin) -> None:
        self.node = node
        self.chain = BitcoinChain(settings(node.env), http())

    @property
    def height(self) -> int:
        return self.chain.head().latest.height

    def newest(self, *payees: Payee, is_few: bool = True) -> Sequence[ChainTransfer]:
        """What the newest block brought to these."""
        return read(self.chain, self.height, *(each.key for each in payees), is_few=is_few).transfers

    def mined(self, *payees: Payee) -> Sequence[ChainTransfer]:
        """What the next block brings to these."""
        self.node.mine()
        return self.newest(*payees)

    def waiting(self, *payees: Payee) -> Sequence[ChainTransfer]:
        found = self.chain.unconfirmed([each.key for each in payees])
        assert found is not None
        return found

    def through(self, url: str, **changes: object) -> BitcoinChain:
        """Another adapter, over what stands before the node."""
        return BitcoinChain(replace(settings(self.node.env), rpc_url=url, **changes), http(seconds=1))  # type: ignore[arg-type]


def http(seconds: float = 30) -> RailHttp:
    return RailHttp(read_seconds=seconds, total_seconds=seconds, max_bytes=1 << 28)


def settings(env: Mapping[str, str], chain: str = "regtest") -> BitcoinSettings:
    return BitcoinSettings(
        chain,
        env["BITCOIN_RPC_URL"],
        env["BITCOIN_RPC_USER"],
        env["BITCOIN_RPC_PASSWORD"],
        NO_ACCOUNT,
        {},
        NETWORKS[chain],
    )
