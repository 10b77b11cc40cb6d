"""The mempool and what enters it (Core's MemPoolAccept in validation.cpp, policy/policy.cpp, policy/rbf.cpp).

Every transaction may be replaced, whatever it says of itself (full RBF, Core since 28).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from infra.sandbox.bitcoin import scripts, signatures
from infra.sandbox.bitcoin.chain import MATURITY, Chain, Coin, new_coins
from infra.sandbox.bitcoin.transactions import FINAL, MOST_MONEY, Outpoint, Output, Transaction

RELAY_FEE = 1000
"""Satoshis for a thousand virtual bytes, the least that is taken, and the least that a replacement adds."""

MOST_RELATED = 25
MOST_REPLACED = 100
MOST_WEIGHT = 400_000
SMALLEST = 65
"""Bytes without witness of the smallest transaction that is relayed."""

EXPIRES_AFTER = 336 * 3600
LOCK_TIME_IS_TIME = 500_000_000
SEQUENCE_OFF, SEQUENCE_TIME = 1 << 31, 1 << 22
MISSING = "bad-txns-inputs-missingorspent"
LONGEST_NOTE = 83


class Refused(Exception):
    """A reason in Core's words, and what Core adds to it for people."""

    def __init__(self, reason: str, details: str = "") -> None:
        super().__init__(f"{reason}, {details}" if details else reason)
        self.reason = reason


@dataclass(frozen=True)
class Waiting:
    transaction: Transaction
    fee: int
    time: int
    height: int
    """The chain's when it entered."""

    order: int


@dataclass(frozen=True)
class Candidate:
    """What would enter, and whom it would drive out."""

    transaction: Transaction
    fee: int
    replaced: list[Waiting]


Step = Callable[[Transaction], Iterable[Waiting]]


class Pool:
    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self.waiting: dict[str, Waiting] = {}
        self.spenders: dict[Outpoint, str] = {}
        self.changes = 1
        """Core counts what enters and leaves (mempool_sequence)."""

    def coin(self, outpoint: Outpoint) -> Coin | None:
        """Of the chain or of what waits, spent by something that waits or not."""
        source = self.waiting.get(outpoint[0])
        if source is None:
            return self._chain.coins.get(outpoint)
        return new_coins(source.transaction, self._chain.height + 1).get(outpoint)

    def add(self, candidate: Candidate, now: int) -> None:
        for each in candidate.replaced:
            self.remove(each.transaction.txid)
        self.restore(candidate.transaction, candidate.fee, now, self._chain.height)

    def restore(self, transaction: Transaction, fee: int, time: int, height: int) -> None:
        self.changes += 1
        self.waiting[transaction.txid] = Waiting(transaction, fee, time, height, self.changes)
        self.spenders |= {entry.outpoint: transaction.txid for entry in transaction.inputs}

    def remove(self, tx_id: str) -> None:
        self.changes += 1
        for entry in self.waiting.pop(tx_id).transaction.inputs:
            self.spenders.pop(entry.outpoint, None)

    def expire(self, now: int) -> None:
        for each in [each for each in self.waiting.values() if each.time < now - EXPIRES_AFTER]:
            for gone in self.with_descendants([each]):
                if gone.transaction.txid in self.waiting:
                    self.remove(gone.transaction.txid)

    def settle(self, mined: Iterable[Transaction]) -> None:
        """Take out what a block holds, and what contradicts it."""
        for transaction in mined:
            if transaction.txid in self.waiting:
                self.remove(transaction.txid)
            rivals = [self.waiting[by] for e in transaction.inputs if (by := self.spenders.get(e.outpoint))]
            for gone in self.with_descendants(rivals):
                self.remove(gone.transaction.txid)

    def parents(self, transaction: Transaction) -> list[Waiting]:
        found = {
            e.outpoint[0]: self.waiting[e.outpoint[0]] for e in transaction.inputs if e.outpoint[0] in self.waiting
        }
        return list(found.values())

    def children(self, transaction: Transaction) -> list[Waiting]:
        places = ((transaction.txid, place) for place in range(len(transaction.outputs)))
        found = {by: self.waiting[by] for place in places if (by := self.spenders.get(place))}
        return list(found.values())

    def with_descendants(self, start: Iterable[Waiting]) -> list[Waiting]:
        return self._walk(start, self.children)

    def with_ancestors(self, start: Iterable[Waiting]) -> list[Waiting]:
        return self._walk(start, self.parents)

    def _walk(self, start: Iterable[Waiting], step: Step) -> list[Waiting]:
        found: dict[str, Waiting] = {}
        ahead = list(start)
        while ahead:
            each = ahead.pop()
            if each.transaction.txid not in found:
                found[each.transaction.txid] = each
                ahead += step(each.transaction)
        return sorted(found.values(), key=lambda each: each.order)

    # ------------------------------------------------------------ entering

    def examine(self, transaction: Transaction) -> Candidate:
        """Raises Refused for what a node does not take."""
        check_form(transaction)
        check_standard(transaction)
        self._check_lock_time(transaction)
        if transaction.txid in self.waiting:
            same = self.waiting[transaction.txid].transaction.wtxid == transaction.wtxid
            raise Refused("txn-already-in-mempool" if same else "txn-same-nonwitness-data-in-mempool")
        coins = self._coins(transaction)
        self._check_sequences(transaction, coins)
        fee = self._fee(transaction, coins)
        replaced = self._replaced(transaction, fee)
        self._check_relations(transaction, replaced)
        for place, coin in enumerate(coins):
            try:
                signatures.check(transaction, place, coin.output)
            except signatures.BadSignature as error:
                raise Refused(f"mandatory-script-verify-flag-failed ({error})") from None
        return Candidate(transaction, fee, replaced)

    def _coins(self, transaction: Transaction) -> list[Coin]:
        coins = [self.coin(entry.outpoint) for entry in transaction.inputs]
        if None in coins:
            is_known = any((transaction.txid, p) in self._chain.coins for p in range(len(transaction.outputs)))
            raise Refused("txn-already-known" if is_known else MISSING)
        return [coin for coin in coins if coin is not None]

    def _fee(self, transaction: Transaction, coins: list[Coin]) -> int:
        for coin in coins:
            age = self._chain.height + 1 - coin.height
            if coin.is_coinbase and age < MATURITY:
                details = f"tried to spend coinbase at depth {age}"
                raise Refused("bad-txns-premature-spend-of-coinbase", details)
        paid_in, paid_out = sum(c.output.value for c in coins), sum(o.value for o in transaction.outputs)
        if paid_in < paid_out:
            raise Refused("bad-txns-in-belowout", f"value in ({btc(paid_in)}) < value out ({btc(paid_out)})")
        fee, least = paid_in - paid_out, fee_for(transaction.vsize)
        if fee < least:
            raise Refused("min relay fee not met", f"{fee} < {least}")
        return fee

    def _replaced(self, transaction: Transaction, fee: int) -> list[Waiting]:
        """Whom it drives out, by the rules that Core's policy/rbf.cpp numbers 2 to 5."""
        rivals = [self.waiting[by] for e in transaction.inputs if (by := self.spenders.get(e.outpoint))]
        if not rivals:
            return []
        replaced = self.with_descendants(rivals)
        if {each.transaction.txid for each in replaced} & {e.outpoint[0] for e in transaction.inputs}:
            raise Refused("bad-txns-spends-conflicting-tx")
        if len(replaced) > MOST_REPLACED:
            raise Refused("too many potential replacements")
        for each in rivals:
            if fee * each.transaction.vsize <= each.fee * transaction.vsize:
                raise Refused(
                    "insufficient fee", f"rejecting replacement {transaction.txid}; new feerate is not higher"
                )
        paid = sum(each.fee for each in replaced)
        if fee < paid + fee_for(transaction.vsize):
            raise Refused(
                "insufficient fee", f"rejecting replacement {transaction.txid}, not enough additional fees"
            )
        return replaced

    def _check_relations(self, transaction: Transaction, replaced: list[Waiting]) -> None:
        gone = {each.transaction.txid for each in replaced}
        ancestors = self.with_ancestors(self.parents(transaction))
        if len(ancestors) + 1 > MOST_RELATED:
            raise Refused("too-long-mempool-chain", f"too many unconfirmed ancestors [limit: {MOST_RELATED}]")
        for each in ancestors:
            descendants = [d for d in self.with_descendants([each]) if d.transaction.txid not in gone]
            if len(descendants) + 1 > MOST_RELATED:
                raise Refused("too-long-mempool-chain", f"too many descendants for tx {each.transaction.txid}")

    def _check_lock_time(self, transaction: Transaction) -> None:
        """Whether it may be in the next block (IsFinalTx; BIP 113 for the time)."""
        lock, chain = transaction.lock_time, self._chain
        reached = chain.height + 1 if lock < LOCK_TIME_IS_TIME else chain.median_time(chain.tip)
        is_locked = any(entry.sequence != FINAL for entry in transaction.inputs)
        if lock and lock >= reached and is_locked:
            raise Refused("non-final")

    def _check_sequences(self, transaction: Transaction, coins: list[Coin]) -> None:
        """Relative locks (BIP 68)."""
        if transaction.version < 2:
            return
        for entry, coin in zip(transaction.inputs, coins, strict=True):
            if not entry.sequence & SEQUENCE_OFF and not self._is_old_enough(entry.sequence, coin):
                raise Refused("non-BIP68-final")

    def _is_old_enough(self, sequence: int, coin: Coin) -> bool:
        chain, wanted = self._chain, sequence & 0xFFFF
        if not sequence & SEQUENCE_TIME:
            return chain.height + 1 >= coin.height + wanted
        before = chain.active[min(max(coin.height - 1, 0), chain.height)]
        return chain.median_time(chain.tip) >= chain.median_time(before) + wanted * 512


def check_form(transaction: Transaction) -> None:
    """What never can be right (consensus/tx_check.cpp)."""
    if not transaction.inputs:
        raise Refused("bad-txns-vin-empty")
    if not transaction.outputs:
        raise Refused("bad-txns-vout-empty")
    if any(output.value >= 1 << 63 for output in transaction.outputs):
        raise Refused("bad-txns-vout-negative")
    if any(output.value > MOST_MONEY for output in transaction.outputs):
        raise Refused("bad-txns-vout-toolarge")
    if sum(output.value for output in transaction.outputs) > MOST_MONEY:
        raise Refused("bad-txns-txouttotal-toolarge")
    spent = [entry.outpoint for entry in transaction.inputs]
    if len(set(spent)) < len(spent):
        raise Refused("bad-txns-inputs-duplicate")
    if transaction.is_coinbase:
        raise Refused("coinbase")


def check_standard(transaction: Transaction) -> None:
    """What nodes do not relay (IsStandardTx in policy/policy.cpp)."""
    if not 1 <= transaction.version <= 3:
        raise Refused("version")
    if transaction.weight > MOST_WEIGHT:
        raise Refused("tx-size")
    if len(transaction.serialized(with_witness=False)) < SMALLEST:
        raise Refused("tx-size-small")
    kinds = [scripts.classify(output.script)[0] for output in transaction.outputs]
    notes = [each.script for each in transaction.outputs if each.script[:1] == bytes([scripts.OP_RETURN])]
    if "nonstandard" in kinds or any(len(note) > LONGEST_NOTE for note in notes):
        raise Refused("scriptpubkey")
    if kinds.count("nulldata") > 1:
        raise Refused("multi-op-return")
    if any(is_dust(output) for output in transaction.outputs):
        raise Refused("dust")


def is_dust(output: Output) -> bool:
    """Worth less than a third of what spending it costs at the lowest rate (GetDustThreshold)."""
    if output.script.startswith(bytes([scripts.OP_RETURN])):
        return False
    spending = 32 + 4 + 1 + (107 // 4 if scripts.witness_program(output.script) else 107) + 4
    return output.value < (len(output.serialized()) + spending) * 3 * RELAY_FEE // 1000


def fee_for(vsize: int, rate: int = RELAY_FEE) -> int:
    return -(-vsize * rate // 1000)


def btc(satoshis: int) -> str:
    return f"{satoshis // 10**8}.{satoshis % 10**8:08d}"
