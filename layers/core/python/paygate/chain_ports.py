"""What the services need of a blockchain, and the frozen values that cross the border.

A chain is known by its network's name, which is also its rail's: ethereum, bsc, tron, bitcoin. Addresses cross as
keys, the form in which the chain itself names a receiver: 40 hex digits (Ethereum, BSC; TRON without its 41), or
the output script in hex (Bitcoin). Hashes and transaction ids are lower-case hex without 0x.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from paygate.domain.money import Asset, Money

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
    """What a range of blocks holds. `blocks` are its first, its last, and each that was asked for, by height."""

    blocks: Sequence[Block]
    transfers: Sequence[ChainTransfer]


class TransactionState(StrEnum):
    UNKNOWN = "UNKNOWN"  # the node has never heard of it
    WAITING = "WAITING"  # it is in no block
    FAILED = "FAILED"  # it is in a block and did nothing
    DONE = "DONE"  # it is in a block


@dataclass(frozen=True, slots=True)
class FoundTransaction:
    """A transaction that was asked for by id, and every transfer of the chain's assets in it, to whomever.

    `block` is the one that it is in, DONE or FAILED.
    """

    state: TransactionState
    transfers: Sequence[ChainTransfer] = ()
    block: Block | None = None


class Watch(Protocol):
    """Which addresses are ours. There may be millions: they are asked for, never listed."""

    few: frozenset[str] | None
    """All of them, while they are few enough for the node to look for them."""

    def ours(self, keys: Collection[str], /) -> Collection[str]:
        """Those of `keys` that are ours. Asks the database once: call it for many keys together."""


class Chain(Protocol):
    """A node of one chain. Any method may raise NodeUnavailable (it did not answer, or not now) and NodeMisled
    (what it says cannot be so: another chain, parts that do not fit). Nothing is taken from such an answer.
    """

    network: str
    assets: Sequence[Asset]
    most_blocks: int
    """Of one scan."""

    block_seconds: float
    """How long the chain takes for a block, about."""

    hides: Asset | None
    """What its blocks may not show all transfers of, so that `missed` must be asked."""

    depth: int
    """How many blocks the chain can turn: so many hashes are kept, and more while finality is further away."""

    def head(self) -> Head:
        """Asserts on the way that the node serves the chain that is configured."""

    def block(self, height: int, /) -> Block | None:
        """The header on the node's own branch; None above its head."""

    def scan(self, first: int, last: int, watch: Watch, tell_from: int, /) -> Scan:
        """All money that the blocks `first` to `last` brought to addresses of ours, and nothing that failed.

        Blocks at `tell_from` and above are all told, and a transfer's block there is one of them, by its hash. A
        node that cannot give the whole range at once is asked for parts; a block that cannot be read raises.
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


@dataclass(frozen=True, slots=True)
class GivenAddress:
    """Where a payment's payer was told to pay to, and since when."""

    network: str
    key: str
    given_at: datetime


class Chains(Protocol):
    def by_name(self, network: str, /) -> Chain:
        """Raises NotFound for a network that is unknown or off."""


# ---------------------------------------------------------------- what we know of a chain


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a chain was read: the last block, and how much of what was read the chain calls final.

    `disputed_since` is when the node first said that something final is not so.
    """

    network: str
    block: Block
    final_height: int
    moved_at: datetime
    disputed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A range of blocks that was read: what it holds, and what of the chain is remembered from now on."""

    scan: Scan
    final_height: int
    forget_below: int

    @property
    def first(self) -> Block:
        return self.scan.blocks[0]

    @property
    def last(self) -> Block:
        return self.scan.blocks[-1]


@dataclass(frozen=True, slots=True)
class Touched:
    """The payments whose transfers changed, and how many new transfers fit no payment's network and asset."""

    payments: Collection[str]
    misfits: int = 0


class ChainStore(Protocol):
    """What is known of chains, in PostgreSQL. Transfers that change are queued to be booked, in the same commit."""

    def cursor(self, network: str, /) -> Cursor | None: ...

    def start(self, network: str, block: Block, final_height: int, /) -> None:
        """Begin after that block, unless somebody began before."""

    def first_address_at(self, network: str, /) -> datetime | None:
        """When a payment was first given an address that this network knows, its own or one of a network that
        shares addresses with it.
        """

    def has_open(self, network: str, /) -> bool:
        """Whether a payment over this network may still be paid in time."""

    def watch(self, network: str, /) -> Watch: ...

    def follow(self, network: str, watcher: str, seconds: int, /) -> bool:
        """Be the one who follows the chain for so long; False when another does."""

    def leave(self, network: str, watcher: str, /) -> None: ...

    def advance(self, cursor: Cursor, reading: Reading, /) -> Touched:
        """Cursor and findings, together. Raises Conflict when the cursor is no longer where it was."""

    def hashes(self, network: str, /) -> Sequence[tuple[int, str]]:
        """The remembered blocks by height."""

    def turn_back(self, cursor: Cursor, fork: Block, /) -> Touched:
        """What was found above `fork` is undone, and reading goes on from there. Raises Conflict as `advance`."""

    def dispute(self, cursor: Cursor, at: datetime, /) -> None:
        """Keep since when the node contradicts what was final."""

    def open_keys(self, network: str, limit: int, /) -> Collection[str]:
        """Where open payments are paid to, the newest first."""

    def keep_unconfirmed(self, network: str, found: Sequence[ChainTransfer], /, *, is_all: bool) -> Touched:
        """Transfers that wait for a block; `is_all`: what waited before and is not among them is gone."""

    def ripe(self, cursor: Cursor, limit: int, /) -> Sequence[ChainTransfer]:
        """Transfers that have as many blocks over them as they need, and are not booked as final."""

    def finalise(self, network: str, standing: Sequence[ChainTransfer], /) -> Touched:
        """Those are money now, where they are still known to be in that block."""

    def known(self, network: str, asset: Asset, final_height: int, limit: int, /) -> Mapping[str, int]:
        """What payments in that asset, open or just over, are known to have received in final blocks."""

    def address_of(self, payment_id: str, /) -> GivenAddress | None: ...

    def may_claim(self, payment_id: str, tx_id: str, key_id: str, most: int, most_of_key: int, /) -> bool:
        """Write down that a key claims a transaction for a payment; False when a payment has more than `most` of
        them, or a key more than `most_of_key` within the hour. The same claim again is the same claim.
        """

    def keep_claimed(self, network: str, found: Sequence[ChainTransfer], /) -> Touched:
        """Transfers that somebody pointed at: seen, and final only as those that the poller reads are."""

    def keep_missed(self, network: str, found: Sequence[ChainTransfer], known: Mapping[str, int], /) -> Touched:
        """Money that blocks do not show, unless more became known of the same address meanwhile."""


# ---------------------------------------------------------------- paying out


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """A refund as a transaction pays it: so many units of the asset from the treasury to one address."""

    refund_id: str
    amount: Money
    recipient: str
    address: str


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A transaction as a signer gets it, JSON values only; kept, so that what comes back is compared with it.

    Two transactions that spend the same `nonce`, or share one of `outpoints` (`<tx id>:<output>`), cannot both be
    mined; one with `expires_at` cannot be once that is past. `tx_id` is known beforehand where signing does not
    change it.
    """

    document: Mapping[str, Any]
    tx_id: str | None = None
    nonce: int | None = None
    outpoints: Sequence[str] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction that may be sent any number of times and happens once."""

    tx_id: str
    raw: str


class Treasury(Protocol):
    """Makes, checks and sends what pays refunds on one network. It holds no key, and its address is configured."""

    network: str
    address: str

    def next_nonce(self) -> int | None:
        """What the chain counts next for the address; None where transactions are not counted.

        Raises NodeUnavailable, NodeMisled, as all of these.
        """

    def prepare(
        self, order: PayoutOrder, nonce: int | None, taken: Collection[str], replaces: Unsigned | None, /
    ) -> Unsigned:
        """A transaction that does that and nothing else. `taken` are outputs that others spend already.

        With `replaces` it takes that one's place: the same nonce or a common input, for a higher fee; or, where
        neither exists, it raises NotYetReplaceable until that one can never be mined.
        Raises TreasuryTooPoor.
        """

    def check(self, order: PayoutOrder, unsigned: Unsigned, signed: str, /) -> Signed:
        """That it is signed by the treasury for this network, and pays exactly that. Raises InvalidField."""

    def send(self, signed: Signed, /) -> None:
        """To the network; one that is known there already is no fault. Raises TransactionRefused."""


class Treasuries(Protocol):
    def by_name(self, network: str, /) -> Treasury:
        """Raises NotFound for a network that is off, TreasuryMissing for one without a treasury."""


class PayoutStatus(StrEnum):
    """One transaction that may pay a refund."""

    PREPARED = "PREPARED"  # a signer may have it
    SIGNED = "SIGNED"  # it came back, and may have been sent
    SENT = "SENT"
    DONE = "DONE"  # it paid, and is as deep as it must be
    FAILED = "FAILED"  # it is in a final block and moved nothing
    LAPSED = "LAPSED"  # it can never be mined


LIVE = frozenset({PayoutStatus.PREPARED, PayoutStatus.SIGNED, PayoutStatus.SENT})
"""Those that may still pay."""


@dataclass(frozen=True, slots=True)
class Payout:
    refund_id: str
    version: int
    network: str
    treasury: str
    status: PayoutStatus
    unsigned: Unsigned
    signed: Signed | None = None
    sent_at: datetime | None = None


class PayoutStore(Protocol):
    """Transactions that pay refunds. All moves are compare-and-set on the status."""

    def of_refund(self, refund_id: str, /) -> Sequence[Payout]:
        """All versions, the newest first."""

    def next_nonce(self, network: str, treasury: str, /) -> int: ...

    def is_held(self, refund_id: str, /) -> bool:
        """Whether nothing may be prepared for it: the database was restored, and it may have been paid already."""

    def is_known(self, tx_id: str, /) -> bool:
        """Whether a refund was paid by this transaction, or may be."""

    def taken(self, network: str, treasury: str, refund_id: str, /) -> Collection[str]:
        """Outputs that other refunds' transactions spend."""

    def add(self, payout: Payout, /, *, takes_nonce: bool) -> bool:
        """False when another took the nonce or an output meanwhile; raises Conflict when another prepared this
        version.
        """

    def sign(self, payout: Payout, signed: Signed, /) -> bool:
        """PREPARED to SIGNED; what was signed is kept before anybody hears of it. False when it is not PREPARED."""

    def move(self, payout: Payout, status: PayoutStatus, /) -> bool: ...

    def under_way(self, network: str, limit: int, /) -> Sequence[Payout]:
        """Signed or sent, the longest untouched first."""
