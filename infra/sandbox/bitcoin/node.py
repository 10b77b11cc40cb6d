"""The simulated node: chain and mempool together, one change at a time, each on disk before it is answered."""

import secrets
import threading
import time
from collections.abc import Sequence

from infra.sandbox.bitcoin import blocks
from infra.sandbox.bitcoin.blocks import Block
from infra.sandbox.bitcoin.chain import Entry
from infra.sandbox.bitcoin.pool import Candidate, Refused
from infra.sandbox.bitcoin.store import Store
from infra.sandbox.bitcoin.transactions import Outpoint, Output, Transaction
from infra.sandbox.ledger import Ledger

COINBASE_WEIGHT = 4_000


class Node:
    """Hold `lock` while reading more than one thing."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._store = Store(ledger)
        self.chain, self.pool = self._store.load()
        self.lock = threading.RLock()
        self.started_at = time.time()
        self._clock = 0

    def now(self) -> int:
        return self._clock or int(time.time())

    def set_clock(self, at: int) -> None:
        """Stand still at that time; 0 runs again, as a restart does."""
        self._clock = at

    def send(self, candidate: Candidate) -> None:
        self.pool.add(candidate, self.now())
        self.pool.expire(self.now())
        self._store.save(self.chain, self.pool)

    def generate(self, script: bytes, count: int) -> list[str]:
        """Blocks with what waits; their hashes."""
        made = [self._extend(script, self._chosen()) for _ in range(count)]
        self._store.save(self.chain, self.pool, made)
        return [block.hash for block in made]

    def generate_with(self, script: bytes, wanted: Sequence[Transaction]) -> Block:
        """One block with exactly these. Raises BlockRefused."""
        block = self._extend(script, wanted)
        self._store.save(self.chain, self.pool, [block])
        return block

    def invalidate(self, entry: Entry) -> None:
        family = self.chain.family(entry)
        for each in family:
            each.is_invalid = True
        self._turn_to_best(family)

    def reconsider(self, entry: Entry) -> None:
        """With its ancestors and its descendants."""
        ancestors = self.chain.ancestors(entry, entry.height)
        family = [*self.chain.family(entry), *ancestors]
        for each in family:
            each.is_invalid = False
        self._turn_to_best(family)

    def output(self, outpoint: Outpoint, block: Entry | None = None) -> Output | None:
        """What a transaction spends, wherever it is: waiting, mined, or spent long ago."""
        if block is not None and outpoint in block.spent:
            return block.spent[outpoint].output
        waiting = self.pool.waiting.get(outpoint[0])
        if waiting is not None:
            return waiting.transaction.outputs[outpoint[1]]
        coin = self.chain.coins.get(outpoint)
        return coin.output if coin else None

    def _extend(self, script: bytes, wanted: Sequence[Transaction]) -> Block:
        tip, height = self.chain.tip, self.chain.height + 1
        spent = self.chain.check_spending(wanted, height)
        paid_in = sum(coin.output.value for coin in spent.values())
        fees = paid_in - sum(output.value for each in wanted for output in each.outputs)
        at = max(self.chain.median_time(tip) + 1, self.now())
        block = blocks.assemble(tip.hash, height, at, script, wanted, fees)
        while block.hash in self.chain.entries:  # the same block again after a turn
            block = blocks.assemble(tip.hash, height, at, script, wanted, fees, secrets.token_bytes(4))
        self.chain.connect(self.chain.add(block))
        self.pool.settle(block.transactions)
        return block

    def _chosen(self) -> list[Transaction]:
        """In the order in which they came, parents before children; as many as a block holds."""
        chosen, room = [], blocks.MOST_WEIGHT - COINBASE_WEIGHT
        for each in self.pool.waiting.values():
            room -= each.transaction.weight
            if room < 0:
                break
            chosen.append(each.transaction)
        return chosen

    def _turn_to_best(self, marked: Sequence[Entry]) -> None:
        before = self.chain.height
        returned = self.chain.activate(self.chain.best())
        old = list(self.pool.waiting.values())
        for each in old:
            self.pool.remove(each.transaction.txid)
        for transaction in returned:
            self._take_back(transaction, self.now(), before)
        for each in old:
            self._take_back(each.transaction, each.time, each.height)
        self._store.save(self.chain, self.pool, (), marked)

    def _take_back(self, transaction: Transaction, at: int, height: int) -> None:
        """Unless it cannot be any more."""
        try:
            candidate = self.pool.examine(transaction)
        except Refused:
            return
        if not candidate.replaced:
            self.pool.restore(transaction, candidate.fee, at, height)
