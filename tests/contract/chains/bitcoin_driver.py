from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from paygate.adapters.chains.bitcoin.chain import BitcoinChain
from paygate.domain.money import Asset
from tests.contract.chains.abilities import Can
from tests.contract.chains.bitcoin_node import Payee, http, payee, settings
from tests.support import bitcoin

CAN = frozenset({Can.SEVERAL, Can.TURN, Can.WAIT})


class BitcoinDriver:
    name = "bitcoin"
    can = CAN

    def __init__(self, node: bitcoin.Bitcoin) -> None:
        self.node = node
        self.url = node.env["BITCOIN_RPC_URL"]

    def chain(self, url: str | None = None) -> BitcoinChain:
        return BitcoinChain(replace(settings(self.node.env), rpc_url=url or self.url), http())

    def impatient_chain(self, url: str) -> BitcoinChain:
        return BitcoinChain(replace(settings(self.node.env), rpc_url=url), http(seconds=0.4))

    def other_chain(self) -> BitcoinChain:
        return BitcoinChain(settings(self.node.env, "signet"), http())

    def new_key(self) -> str:
        return payee().key

    def pay(self, asset: Asset, key: str, units: int) -> str:
        tx_id = self.wait(asset, key, units)
        self.node.mine()
        return tx_id

    def pay_several(self, asset: Asset, payments: Sequence[tuple[str, int]]) -> str:
        tx_id = self.node.pay_many([(Payee(key).address, units) for key, units in payments])
        self.node.mine()
        return tx_id

    def fail(self, asset: Asset, key: str, units: int) -> str:
        raise NotImplementedError("no transaction is in a block that did nothing")

    def wait(self, asset: Asset, key: str, units: int) -> str:
        return self.node.pay(Payee(key).address, units)

    def hide(self, asset: Asset, key: str, units: int) -> None:
        raise NotImplementedError("blocks show everything")

    def mine(self, blocks: int) -> None:
        self.node.mine(blocks)

    def turn(self, blocks: int) -> None:
        self.node.reorg(blocks)


@contextmanager
def bitcoind(_request: pytest.FixtureRequest, directory: Path) -> Iterator[BitcoinDriver]:
    with bitcoin.opened("bitcoind", directory) as node:
        yield BitcoinDriver(node)
