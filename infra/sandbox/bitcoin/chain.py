"""The tree of blocks, the branch that counts, and the coins on it (Core's validation.cpp).

Held in memory, made again from the blocks on disk at the start.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from infra.sandbox.bitcoin import blocks
from infra.sandbox.bitcoin.blocks import Block
from infra.sandbox.bitcoin.transactions import Outpoint, Output, Transaction

MATURITY = 100


class BlockRefused(Exception):
    """In Core's words, such as bad-txns-inputs-missingorspent."""


@dataclass(frozen=True)
class Coin:
    output: Output
    height: int
    is_coinbase: bool


@dataclass
class Entry:
    """A block in the tree. `order` is when it came; `spent` what its transactions spent, since it last counted.
    One with an invalid ancestor is invalid.
    """

    block: Block
    height: int
    order: int
    is_invalid: bool = False
    spent: dict[Outpoint, Coin] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        return self.block.hash


class Chain:
    def __init__(self) -> None:
        first = Entry(blocks.genesis(), 0, 0)
        self.entries: dict[str, Entry] = {first.hash: first}
        self.active: list[Entry] = [first]
        self.coins: dict[Outpoint, Coin] = {}
        self.places: dict[str, str] = {each.txid: first.hash for each in first.block.transactions}
        """Transaction → the block it was last in, whether that counts or not."""

    @property
    def tip(self) -> Entry:
        return self.active[-1]

    @property
    def height(self) -> int:
        return self.tip.height

    def is_active(self, entry: Entry) -> bool:
        return entry.height <= self.height and self.active[entry.height] is entry

    def median_time(self, entry: Entry) -> int:
        """Of the last eleven blocks (BIP 113)."""
        times = sorted(each.block.header.time for each in self.ancestors(entry, 11))
        return times[len(times) // 2]

    def ancestors(self, entry: Entry, most: int) -> Iterator[Entry]:
        """The block itself, its parent, and so on."""
        current: Entry | None = entry
        for _ in range(most):
            if current is None:
                return
            yield current
            current = self.entries.get(current.block.header.parent)

    def add(self, block: Block, *, is_invalid: bool = False) -> Entry:
        """Into the tree, not yet onto the branch that counts."""
        parent = self.entries[block.header.parent]
        entry = Entry(block, parent.height + 1, len(self.entries), is_invalid or parent.is_invalid)
        self.entries[entry.hash] = entry
        return entry

    def best(self) -> Entry:
        """The highest valid one; of several the active one, then the first that came."""
        valid = (entry for entry in self.entries.values() if not entry.is_invalid)
        return max(valid, key=lambda entry: (entry.height, self.is_active(entry), -entry.order))

    def family(self, entry: Entry) -> list[Entry]:
        """The block and its descendants."""
        found = {entry.hash: entry}
        for each in self.entries.values():  # a block comes after its parent
            if each.block.header.parent in found:
                found[each.hash] = each
        return list(found.values())

    def activate(self, goal: Entry) -> list[Transaction]:
        """Make that block the tip. What the blocks left behind held, oldest first, without coinbases."""
        branch: list[Entry] = []
        current = goal
        while not self.is_active(current):
            branch.append(current)
            current = self.entries[current.block.header.parent]
        undone: list[Sequence[Transaction]] = []
        while self.tip is not current:
            undone.append(self._disconnect())
        for entry in reversed(branch):
            self.connect(entry)
        return [each for held in reversed(undone) for each in held]

    def connect(self, entry: Entry) -> None:
        """Onto the tip. Raises BlockRefused, and changes nothing, when it spends what is not there."""
        spent = self.check_spending(entry.block.transactions, entry.height)
        for transaction in entry.block.transactions:
            self._apply(transaction, entry.height)
            self.places[transaction.txid] = entry.hash
        entry.spent = spent
        self.active.append(entry)

    def check_spending(self, transactions: Sequence[Transaction], height: int) -> dict[Outpoint, Coin]:
        """The coins that a block's transactions spend, all of them there and ripe, none twice."""
        made: dict[Outpoint, Coin] = {}
        spent: dict[Outpoint, Coin] = {}
        for transaction in transactions:
            for entry in () if transaction.is_coinbase else transaction.inputs:
                coin = made.get(entry.outpoint) or self.coins.get(entry.outpoint)
                if coin is None or entry.outpoint in spent:
                    raise BlockRefused("bad-txns-inputs-missingorspent")
                if coin.is_coinbase and height - coin.height < MATURITY:
                    raise BlockRefused("bad-txns-premature-spend-of-coinbase")
                spent[entry.outpoint] = coin
            made |= new_coins(transaction, height)
        return spent

    def _apply(self, transaction: Transaction, height: int) -> None:
        if not transaction.is_coinbase:
            for entry in transaction.inputs:
                del self.coins[entry.outpoint]
        self.coins |= new_coins(transaction, height)

    def _disconnect(self) -> list[Transaction]:
        entry = self.active.pop()
        for transaction in reversed(entry.block.transactions):
            for place in range(len(transaction.outputs)):
                self.coins.pop((transaction.txid, place), None)
            if not transaction.is_coinbase:
                self.coins |= {each.outpoint: entry.spent[each.outpoint] for each in transaction.inputs}
        return [each for each in entry.block.transactions if not each.is_coinbase]


def new_coins(transaction: Transaction, height: int) -> dict[Outpoint, Coin]:
    """What never can be spent is no coin."""
    return {
        (transaction.txid, place): Coin(output, height, transaction.is_coinbase)
        for place, output in enumerate(transaction.outputs)
        if not output.script.startswith(b"\x6a")
    }
