"""What the services need of a blockchain, and the frozen values that cross the border.

A chain is known by its network's name, which is also its rail's: ethereum, bsc, tron, bitcoin. Addresses cross as
keys, the form in which the chain itself names a receiver: 40 hex digits (Ethereum, BSC; TRON without its 41), or the
output script in hex (Bitcoin). Hashes and transaction ids are lower-case hex without 0x, as `tx_id` of a document is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from paygate.ports import PaymentRail

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from paygate.domain.money import Asset, Money

# ---------------------------------------------------------------- addresses


@dataclass(frozen=True, slots=True)
class ReceivingAddress:
    """An address that one payment has for good. `account` names the public key that it derives from, by `path`
    (`m/44'/60'/0'/0/7`); its transfers are final after `confirmations` blocks, its own among them, or, when
    `waits_for_finality`, once the chain itself calls them final (`confirmations` is then about how many that takes).
    """

    family: str
    key: str
    text: str
    account: str
    path: str
    index: int
    confirmations: int
    waits_for_finality: bool


class AddressingRail(PaymentRail, Protocol):
    """What a rail is that has an address for each payment: a network that money is sent over."""

    account: str
    """Names the counter that indexes are taken from."""

    def receive(self, index: int, due: Money, /) -> ReceivingAddress:
        """The address at that index, and how sure a transfer of so much must be."""

    def tolerance(self, due: Money, /) -> int:
        """How many units too little are enough all the same."""


# ---------------------------------------------------------------- what a node tells


@dataclass(frozen=True, slots=True)
class Block:
    height: int
    hash: str
    parent: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """The newest block that a node has, and the highest one that the chain calls final."""

    latest: Block
    final_height: int


@dataclass(frozen=True, slots=True)
class ChainTransfer:
    """Money that a successful transaction brought to an address.

    `index` tells the transfers of one transaction apart, the same however they are found. `block` is None while the
    transaction is in none. `sender` is an address as people write it, where the chain has one.
    """

    asset: Asset
    key: str
    units: int
    tx_id: str
    index: str
    block: Block | None
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """What a range of blocks holds. `blocks` are its first, its last, and each that was asked to be told, by height."""

    blocks: Sequence[Block]
    transfers: Sequence[ChainTransfer]


class TransactionState(StrEnum):
    UNKNOWN = "UNKNOWN"  # the node has never heard of it
    WAITING = "WAITING"  # it is in no block
    FAILED = "FAILED"  # it is in a block and did nothing
    DONE = "DONE"  # it is in a block


@dataclass(frozen=True, slots=True)
class FoundTransaction:
    """A transaction that was asked for by id, and every transfer of the chain's assets in it, to whomever."""

    state: TransactionState
    transfers: Sequence[ChainTransfer] = ()


class Watch(Protocol):
    """Which addresses are ours. There may be millions: they are asked for, never listed."""

    few: frozenset[str] | None
    """All of them, while they are few enough for the node to look for them."""

    def ours(self, keys: Collection[str], /) -> Collection[str]:
        """Those of `keys` that are ours. Asks the database once: call it for many keys together."""


class Chain(Protocol):
    """A node of one chain. Any method may raise NodeUnavailable (it did not answer, or not now) and NodeMisled (what
    it says cannot be so: another chain, a block whose parts do not fit). Nothing is taken from such an answer.
    """

    network: str
    assets: Sequence[Asset]
    most_blocks: int
    """Of one scan."""

    block_seconds: float
    """How long the chain takes for a block, about."""

    depth: int
    """How many blocks the chain can turn: so many hashes are kept, and more while finality is further away."""

    def head(self) -> Head:
        """Asserts on the way that the node serves the chain that is configured."""

    def block(self, height: int, /) -> Block | None:
        """The header on the node's own branch; None above its head."""

    def scan(self, first: int, last: int, watch: Watch, tell_from: int, /) -> Scan:
        """All money that the blocks `first` to `last` brought to addresses of ours, and nothing that failed.

        Blocks at `tell_from` and above are all told, and each transfer's block is one of them with that hash. A node
        that cannot give the whole range at once is asked for parts; a block that cannot be read raises.
        """

    def unconfirmed(self, keys: Collection[str], /) -> Sequence[ChainTransfer] | None:
        """Transfers to these that wait for a block now; None where the chain shows nothing before."""

    def standing(self, transfers: Sequence[ChainTransfer], /) -> Sequence[ChainTransfer]:
        """Those that are still in their block and succeeded, each looked up again by its block's hash."""

    def missed(self, known: Mapping[str, int], block: Block, /) -> Sequence[ChainTransfer]:
        """Money at these addresses, as of a final block, beyond the units that are known to have come: what the
        chain's blocks do not show. Empty where they show everything.
        """

    def transaction(self, tx_id: str, /) -> FoundTransaction: ...
