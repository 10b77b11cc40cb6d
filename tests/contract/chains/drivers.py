"""What the contract suite needs of a chain's node. A chain joins by adding its opener to OPENERS.

An opener is a context manager that is given pytest's request, for fixtures such as `sandbox`, and a directory.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pytest

from paygate.chain_ports import Chain
from paygate.domain.money import Asset
from tests.contract.chains.abilities import Can
from tests.contract.chains.bitcoin_driver import CAN as BITCOIN_CAN
from tests.contract.chains.bitcoin_driver import bitcoind
from tests.contract.chains.evm_driver import bsc, ethereum
from tests.contract.chains.tron_driver import TRON_CAN, tron


class Driver(Protocol):
    """A node with nobody else on it, and a rich payer. Every transaction is in a block when its call comes back."""

    url: str
    """Of the node, without credentials: a proxy may be put before it."""

    def chain(self, url: str | None = None) -> Chain:
        """A new adapter of this node, or of what stands before it."""

    def impatient_chain(self, url: str) -> Chain:
        """One that waits less than half a second for an answer, and does not ask again."""

    def other_chain(self) -> Chain:
        """An adapter that is configured for another chain than the node serves."""

    def new_key(self) -> str:
        """An address of nobody's, as a key."""

    def pay(self, asset: Asset, key: str, units: int) -> str: ...

    def pay_several(self, asset: Asset, payments: Sequence[tuple[str, int]]) -> str:
        """In one transaction, in this order."""

    def fail(self, asset: Asset, key: str, units: int) -> str:
        """A transaction that would have paid."""

    def wait(self, asset: Asset, key: str, units: int) -> str:
        """A transaction that is in no block until `mine`."""

    def hide(self, asset: Asset, key: str, units: int) -> None:
        """Money that no block shows."""

    def mine(self, blocks: int) -> None: ...

    def turn(self, blocks: int) -> None:
        """Replace the newest blocks by as many without their transactions, or more."""


Opener = Callable[[pytest.FixtureRequest, Path], AbstractContextManager[Driver]]

OPENERS: dict[str, tuple[Opener, frozenset[Can]]] = {
    "ethereum": (ethereum, frozenset(Can)),
    "bsc": (bsc, frozenset(Can) - {Can.HIDE}),
    "bitcoin": (bitcoind, BITCOIN_CAN),
    "tron": (tron, TRON_CAN),
}
