"""A payer says which transaction paid. The chain is asked at once and its answer told: nothing is taken on trust.

What pays is kept as the poller would keep it, under the same name, and is final by the same blocks: a claim makes
money seen sooner, never surer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from paygate.chain_ports import TransactionState
from paygate.domain.errors import InvalidField, NotClaimable, NotFound, TooManyClaims
from paygate.domain.money import decimal_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.chain_ports import Chains, ChainStore, ChainTransfer, GivenAddress
    from paygate.domain.payment import Payment
    from paygate.ports import Ledger
    from paygate.services.book_transfers import BookTransfers

MOST = 20
"""Different transactions that may be claimed for one payment."""

MOST_OF_KEY = 1000
"""Claims that one API key may make within an hour."""

_TX_ID = re.compile(r"(?:0x)?([0-9a-fA-F]{64})", re.ASCII)
_CLOCKS_DIFFER = timedelta(
    hours=2
)  # a Bitcoin block's time may be that far from the truth (Core, MAX_FUTURE_BLOCK_TIME)


class Outcome(StrEnum):
    """Why a claim counts, or why it does not."""

    COUNTS = "COUNTS"
    WAITING = "WAITING"
    NOT_FOUND = "NOT_FOUND"
    FAILED = "FAILED"
    PAYS_ANOTHER = "PAYS_ANOTHER"
    WRONG_ASSET = "WRONG_ASSET"
    TOO_OLD = "TOO_OLD"


WHY = {
    Outcome.COUNTS: "it pays this payment, and is final by the same blocks as everything else",
    Outcome.WAITING: "it is in no block yet",
    Outcome.NOT_FOUND: "our node does not know it: is it on this network, and was it sent?",
    Outcome.FAILED: "it is in a block and failed: it moved nothing",
    Outcome.PAYS_ANOTHER: "it does not pay this payment's address",
    Outcome.WRONG_ASSET: "it pays this payment's address in another asset than is due",
    Outcome.TOO_OLD: "it is older than this payment",
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the chain says to a claim; `units` is what the transaction brought to the payment's address."""

    payment: Payment
    tx_id: str
    outcome: Outcome
    units: int = 0

    def document(self) -> str:
        amount = decimal_text(self.units, self.payment.due.asset.decimals) if self.units else None
        told = {
            "paymentId": self.payment.id,
            "txId": self.tx_id,
            "outcome": self.outcome.value,
            "detail": WHY[self.outcome],
            "amount": amount,
        }
        return json.dumps(told, separators=(",", ":"))


class ClaimTransaction:
    def __init__(self, ledger: Ledger, chains: Chains, store: ChainStore, book: BookTransfers) -> None:
        self._ledger = ledger
        self._chains = chains
        self._store = store
        self._book = book

    def __call__(self, payment_id: str, tx_id: str, key_id: str) -> Claimed:
        """Raises NotFound, NotClaimable, InvalidField, TooManyClaims, NodeUnavailable, NodeMisled."""
        match = _TX_ID.fullmatch(tx_id)
        if match is None:
            raise InvalidField("txId", "must be a transaction's id: 64 hexadecimal digits")
        with self._ledger.transaction() as tx:
            payment = tx.payment(payment_id)
        if payment is None:
            raise NotFound("no such payment")
        given = self._store.address_of(payment_id)
        if given is None:
            raise NotClaimable("only payments over a blockchain are claimed by transaction")
        wanted = match.group(1).lower()
        if not self._store.may_claim(payment_id, wanted, key_id, MOST, MOST_OF_KEY):
            raise TooManyClaims("too many transactions were claimed")
        return self._claim(payment, given, wanted)

    def _claim(self, payment: Payment, given: GivenAddress, tx_id: str) -> Claimed:
        found = self._chains.by_name(given.network).transaction(tx_id)
        if found.state is TransactionState.UNKNOWN:
            return Claimed(payment, tx_id, Outcome.NOT_FOUND)
        if found.state is TransactionState.FAILED:
            return Claimed(payment, tx_id, Outcome.FAILED)
        ours = [transfer for transfer in found.transfers if transfer.key == given.key]
        fitting = [transfer for transfer in ours if transfer.asset == payment.due.asset]
        if not fitting:
            return Claimed(payment, tx_id, _why_not(found.state, ours))
        if any(each.block and each.block.time < given.given_at - _CLOCKS_DIFFER for each in fitting):
            return Claimed(payment, tx_id, Outcome.TOO_OLD)
        placed = [transfer for transfer in fitting if transfer.block]
        if placed:
            self._store.keep_claimed(given.network, placed)
            self._book(payment.id)
        outcome = Outcome.COUNTS if placed else Outcome.WAITING
        return Claimed(payment, tx_id, outcome, sum(transfer.units for transfer in fitting))


def _why_not(state: TransactionState, ours: Sequence[ChainTransfer]) -> Outcome:
    if ours:
        return Outcome.WRONG_ASSET
    return Outcome.WAITING if state is TransactionState.WAITING else Outcome.PAYS_ANOTHER
