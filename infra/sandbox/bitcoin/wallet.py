"""A wallet at the node, of P2WPKH keys that are counted out of one seed: payers pay from it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import coincurve

from infra.sandbox.bitcoin import scripts, segwit, signatures
from infra.sandbox.bitcoin.chain import MATURITY, Coin
from infra.sandbox.bitcoin.codec import hash160, number, sha256
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.pool import RELAY_FEE, Waiting, fee_for
from infra.sandbox.bitcoin.transactions import FINAL, Input, Outpoint, Output, Transaction

FEE_RATE = 10 * RELAY_FEE
REPLACEABLE, NOT_REPLACEABLE = FINAL - 2, FINAL - 1
INPUT_VSIZE = 68  # of P2WPKH, about
SMALLEST_CHANGE = 1_000
BUMP = 5 * RELAY_FEE
LONGEST_LINE = 25


class NotEnough(Exception):
    pass


class NotMine(Exception):
    pass


@dataclass(frozen=True)
class Owned:
    outpoint: Outpoint
    coin: Coin
    confirmations: int

    @property
    def value(self) -> int:
        return self.coin.output.value


class Wallet:
    def __init__(self, node: Node, name: str) -> None:
        self.node, self.name = node, name
        with node.ledger.transaction() as db:
            row = db.execute("SELECT * FROM wallets WHERE name = ?", (name,)).fetchone()
            self._seed: bytes = row["seed"]
        self._numbers: dict[bytes, int] = {}
        for place in range(row["keys"]):
            self._numbers[self._script(place)] = place

    def new_address(self) -> str:
        place = len(self._numbers)
        with self.node.ledger.transaction() as db:
            db.execute("UPDATE wallets SET keys = ? WHERE name = ?", (place + 1, self.name))
        script = self._script(place)
        self._numbers[script] = place
        return segwit.encode(scripts.HRP, 0, script[2:])

    def owns(self, script: bytes) -> bool:
        return script in self._numbers

    def coins(self) -> list[Owned]:
        """Ripe and not spent, the oldest first; the unconfirmed at the end."""
        chain, pool = self.node.chain, self.node.pool
        found = [
            Owned(o, c, chain.height - c.height + 1) for o, c in chain.coins.items() if self.owns(c.output.script)
        ]
        for waiting in pool.waiting.values():
            places = ((waiting.transaction.txid, place) for place in range(len(waiting.transaction.outputs)))
            coins = [(outpoint, pool.coin(outpoint)) for outpoint in places]
            found += [Owned(o, c, 0) for o, c in coins if c is not None and self.owns(c.output.script)]
        ripe = [f for f in found if not (f.coin.is_coinbase and f.confirmations <= MATURITY)]
        return [each for each in ripe if each.outpoint not in pool.spenders]

    def pay(self, outputs: Sequence[Output], rate: int = FEE_RATE, *, is_replaceable: bool = True) -> Transaction:
        """Signed and sent. Raises NotEnough, or pool.Refused."""
        total = sum(output.value for output in outputs)
        taken: list[Owned] = []
        for coin in self._in_order_of_use():
            taken.append(coin)
            draft = self._draft(taken, outputs, rate, is_replaceable=is_replaceable)
            if draft is not None:
                return self.send(draft)
        raise NotEnough(str(total))

    def bump(self, waiting: Waiting) -> Transaction:
        """The same again for a higher fee, which the change pays."""
        old = waiting.transaction
        change = [place for place, output in enumerate(old.outputs) if self.owns(output.script)]
        if not change or not self.has_sent(old.txid):
            raise NotMine(old.txid)
        fee = max(fee_for(old.vsize, FEE_RATE), waiting.fee) + fee_for(old.vsize, BUMP)
        place = change[-1]
        rest = old.outputs[place].value - (fee - waiting.fee)
        outputs = (*old.outputs[:place], Output(rest, old.outputs[place].script), *old.outputs[place + 1 :])
        inputs = tuple(Input(entry.outpoint, sequence=REPLACEABLE) for entry in old.inputs)
        return self.send(Transaction(old.version, inputs, outputs, old.lock_time))

    def send(self, unsigned: Transaction) -> Transaction:
        signed = self.sign(unsigned)
        self.node.send(self.node.pool.examine(signed))
        with self.node.ledger.transaction() as db:
            db.execute("INSERT OR IGNORE INTO sent VALUES (?, ?)", (self.name, signed.txid))
        return signed

    def has_sent(self, tx_id: str) -> bool:
        with self.node.ledger.transaction() as db:
            found = db.execute("SELECT 1 FROM sent WHERE wallet = ? AND txid = ?", (self.name, tx_id)).fetchone()
        return found is not None

    def sign(self, transaction: Transaction) -> Transaction:
        """Every input that spends a coin of the wallet; the others stay as they are."""
        for place, entry in enumerate(transaction.inputs):
            spent = self.node.output(entry.outpoint)
            if spent is not None and self.owns(spent.script):
                key = self._key(self._numbers[spent.script])
                transaction = signatures.sign(transaction, place, spent, key)
        return transaction

    def _draft(
        self, coins: Sequence[Owned], outputs: Sequence[Output], rate: int, *, is_replaceable: bool
    ) -> Transaction | None:
        """With change where there is enough of it; None when the coins do not suffice."""
        sequence = REPLACEABLE if is_replaceable else NOT_REPLACEABLE
        inputs = tuple(Input(coin.outpoint, sequence=sequence) for coin in coins)
        left = sum(coin.value for coin in coins) - sum(output.value for output in outputs)
        bare = Transaction(2, inputs, tuple(outputs))
        own = Output(0, self._script(0))
        with_change = Transaction(2, inputs, (*outputs, own))
        signed_size = (INPUT_VSIZE - 41) * len(inputs)
        if left < fee_for(bare.vsize + signed_size, rate):
            return None
        change = left - fee_for(with_change.vsize + signed_size, rate)
        if change < SMALLEST_CHANGE:
            return bare
        own = Output(change, scripts.of_address(self.new_address()))
        return Transaction(2, inputs, (*outputs, own))

    def _in_order_of_use(self) -> list[Owned]:
        """The confirmed first, then the shortest lines of unconfirmed ones; the largest of each."""
        return sorted(
            (c for c in self.coins() if self._line(c) < LONGEST_LINE), key=lambda c: (self._line(c), -c.value)
        )

    def _line(self, owned: Owned) -> int:
        waiting = self.node.pool.waiting.get(owned.outpoint[0])
        return len(self.node.pool.with_ancestors([waiting])) if waiting else 0

    def _script(self, place: int) -> bytes:
        return b"\x00\x14" + hash160(self._key(place).public_key.format())

    def _key(self, place: int) -> coincurve.PrivateKey:
        return coincurve.PrivateKey(sha256(self._seed + number(place, 4)))


def create(node: Node, name: str) -> bool:
    """Whether it was not there before."""
    with node.ledger.transaction() as db:
        row = db.execute(
            "INSERT OR IGNORE INTO wallets (name, seed) VALUES (?, ?)", (name, secrets.token_bytes(32))
        )
        return row.rowcount == 1


def names(node: Node) -> list[str]:
    with node.ledger.transaction() as db:
        return [row["name"] for row in db.execute("SELECT name FROM wallets ORDER BY name")]
