from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from infra.local.servers.anvil import BSC, ETHEREUM, Network
from paygate.adapters.chains.evm.chain import MOST_BYTES, EvmChain
from paygate.adapters.chains.evm.settings import AUTO, NONE, EvmSettings
from paygate.domain.assets import ETH, USDT_ON_BSC, USDT_ON_ETHEREUM
from paygate.domain.money import Asset
from tests.contract.chains.adapters import NO_ACCOUNT, http
from tests.support.evm import EvmNode, running_node


class EvmDriver:
    def __init__(self, node: EvmNode, settings: EvmSettings) -> None:
        self.node, self.settings = node, settings
        self.url = node.url

    def chain(self, url: str | None = None, *, is_patient: bool = True, **changes: object) -> EvmChain:
        settings = replace(self.settings, rpc_url=url or self.url, **changes)  # type: ignore[arg-type]
        return EvmChain(settings, http(MOST_BYTES, is_patient=is_patient))

    def impatient_chain(self, url: str) -> EvmChain:
        return self.chain(url, is_patient=False)

    def other_chain(self) -> EvmChain:
        return self.chain(chain_id=self.settings.chain_id + 1)

    def new_key(self) -> str:
        return f"{uuid4().hex}{uuid4().hex[:8]}"

    def pay(self, asset: Asset, key: str, units: int) -> str:
        return self.node.pay_eth(key, units) if asset == ETH else self.node.pay_token(key, units)

    def pay_several(self, asset: Asset, payments: Sequence[tuple[str, int]]) -> str:
        return self.node.pay_eth_to_many(payments) if asset == ETH else self.node.pay_many(payments)

    def fail(self, asset: Asset, key: str, units: int) -> str:
        return self.node.revert_eth(key, units) if asset == ETH else self.node.revert_transfer(key, units)

    def wait(self, asset: Asset, key: str, units: int) -> str:
        self.node.pause_mining()
        return self.pay(asset, key, units)

    def hide(self, asset: Asset, key: str, units: int) -> None:
        """As a validator's withdrawal does (EIP-4895)."""
        self.node.rpc.call("anvil_setBalance", f"0x{key}", hex(self.node.ether(key) + units))

    def mine(self, blocks: int) -> None:
        if not self.node._is_mining:
            self.node.resume_mining()
            blocks -= 1
        if blocks:
            self.node.mine(blocks)

    def turn(self, blocks: int) -> None:
        self.node.reorg(blocks)


@contextmanager
def ethereum(_request: pytest.FixtureRequest, directory: Path) -> Iterator[EvmDriver]:
    with _opened(directory, ETHEREUM, USDT_ON_ETHEREUM, ETH, AUTO) as driver:
        yield driver


@contextmanager
def bsc(_request: pytest.FixtureRequest, directory: Path) -> Iterator[EvmDriver]:
    with _opened(directory, BSC, USDT_ON_BSC, None, NONE) as driver:
        yield driver


@contextmanager
def _opened(
    directory: Path, network: Network, usdt: Asset, native: Asset | None, traces: str
) -> Iterator[EvmDriver]:
    with running_node(directory, network=network) as node:
        settings = EvmSettings(
            network=network.name,
            rpc_url=node.url,
            chain_id=network.chain_id,
            token=node.token.lower().removeprefix("0x"),
            usdt=usdt,
            native=native,
            account=NO_ACCOUNT,
            policies={},
            shown_blocks=3,
            traces=traces,
        )
        yield EvmDriver(node, settings)
