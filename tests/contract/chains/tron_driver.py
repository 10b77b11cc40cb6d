from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from paygate.adapters.chains.tron.chain import MAINNET_USDT, MAX_BYTES, TronChain
from paygate.adapters.chains.tron.settings import TronSettings
from paygate.domain.money import Asset, decimal_text
from tests.contract.chains.abilities import Can
from tests.contract.chains.adapters import NO_ACCOUNT, http
from tests.support.tron import Tron

TRON_CAN = frozenset(Can) - {Can.HIDE}


class TronDriver:
    name = "tron"
    can = TRON_CAN

    def __init__(self, node: Tron) -> None:
        self.node, self.url = node, node.url
        token = TronSettings.encoding.key(node.contract)
        self.settings = TronSettings(self.url, None, token, NO_ACCOUNT, {})

    def chain(self, url: str | None = None, *, is_patient: bool = True, **changes: object) -> TronChain:
        settings = replace(self.settings, api_url=url or self.url, **changes)  # type: ignore[arg-type]
        return TronChain(settings, http(MAX_BYTES, is_patient=is_patient))

    def impatient_chain(self, url: str) -> TronChain:
        return self.chain(url, is_patient=False)

    def other_chain(self) -> TronChain:
        return self.chain(token=MAINNET_USDT)

    def new_key(self) -> str:
        return f"{uuid4().hex}{uuid4().hex[:8]}"

    def address(self, key: str) -> str:
        return self.settings.encoding.text(key)

    def pay(self, asset: Asset, key: str, units: int) -> str:
        return self._mined(self.node.pay(self.address(key), decimal_text(units, asset.decimals)))

    def pay_several(self, asset: Asset, payments: Sequence[tuple[str, int]]) -> str:
        listed = [(self.address(key), decimal_text(units, asset.decimals)) for key, units in payments]
        return self._mined(self.node.pay_many(*listed))

    def fail(self, asset: Asset, key: str, units: int) -> str:
        return self._mined(self.node.fail(self.address(key), decimal_text(units, asset.decimals)))

    def wait(self, asset: Asset, key: str, units: int) -> str:
        return self.node.pay(self.address(key), decimal_text(units, asset.decimals))

    def hide(self, asset: Asset, key: str, units: int) -> None:
        raise NotImplementedError  # a token's transfers are all in its logs

    def mine(self, blocks: int) -> None:
        self.node.mine(blocks)

    def turn(self, blocks: int) -> None:
        self.node.reorg(blocks, transactions="drop")

    def _mined(self, tx_id: str) -> str:
        self.mine(1)
        return tx_id


@contextmanager
def tron(_request: pytest.FixtureRequest, directory: Path) -> Iterator[TronDriver]:
    with Tron.alone(directory) as node:
        yield TronDriver(node)
