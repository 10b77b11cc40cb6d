"""What Ethereum and BNB Smart Chain are configured with. `ethereum` and `bsc` beside this read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paygate.adapters.chains.addresses.account import XPUB, AccountKey
from paygate.adapters.chains.addresses.evm import EvmEncoding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.adapters.chains.policy import Policy
    from paygate.adapters.chains.reader import ChainReader
    from paygate.domain.money import Asset

XPUB_NAME, ACCOUNTS = "EVM_XPUB", "m/44'/60'"  # both chains' addresses are the same: SLIP 44's coin type 60
AUTO, DEBUG, NONE = "auto", "debug", "none"


@dataclass(frozen=True, slots=True)
class EvmSettings:
    """One chain. `token` and `treasury` are addresses' keys; `native` is None where only the token is taken.

    `policies` are by asset code; `shown_blocks` is about how many it takes until the chain calls a transfer final.
    `traces` is how money that contracts send is found: by debug_traceBlock, by balances, or by whichever works.
    """

    network: str
    rpc_url: str = field(repr=False)  # providers put their key into the path
    chain_id: int
    token: str
    usdt: Asset
    native: Asset | None
    account: AccountKey
    policies: Mapping[str, Policy]
    shown_blocks: int
    traces: str = NONE
    treasury: str | None = None

    family = "evm"
    encoding = EvmEncoding()

    @property
    def assets(self) -> tuple[Asset, ...]:
        return (self.usdt, self.native) if self.native else (self.usdt,)

    @property
    def refused(self) -> frozenset[str]:
        """Addresses that nobody is paid at: what is sent to the token's own contract is lost."""
        return frozenset({self.token})


def account(reader: ChainReader) -> AccountKey | None:
    return reader.account(XPUB_NAME, (XPUB,), ACCOUNTS)


def treasury(reader: ChainReader, name: str, token: str) -> str | None:
    key = reader.address(name, EvmSettings.encoding)
    if key == token:
        reader.faults.append(f"{name} is the token's own contract")
    return key
