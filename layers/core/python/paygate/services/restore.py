"""Go on after the database was put back to an earlier moment, while the world went on.

What was counted since would be counted again: the numbers of events, the indexes of addresses, what was signed
today. What was done since is not known any more: payments at rails, refunds that were paid. So everything that
counts goes on from a number behind all that ever was, what rails know is asked for, and refunds on chains, which no
rail keeps from being paid twice, wait for a person. All that while the application is shut out; see
docs/operations.md.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from paygate.domain import ids
from paygate.domain.errors import (
    Conflict,
    InvalidField,
    MethodNotAvailable,
    NotFound,
    OutcomeUnknown,
    RailDeclined,
    RefundNotPossible,
    Unavailable,
)
from paygate.domain.money import parse_money
from paygate.domain.refund import OURS, Refund
from paygate.domain.states import RefundState
from paygate.ports import Case, Claim
from paygate.services.book_refunds import NotYet
from paygate.services.rails import order_at

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from paygate.operator_ports import HeldRefund, LostAddresses, OperatorStore
    from paygate.ports import Clock, Ledger
    from paygate.services.observe import Observe
    from paygate.services.rails import Rails
    from paygate.services.refund_payment import RefundPayment
    from paygate.services.resolve import Resolve
    from paygate.signing_ports import SigningRule

ORIGIN = datetime(2020, 1, 1, tzinfo=UTC)
"""Epochs are numbered by the clock, in seconds. So each lies behind the one before, also when the database goes
back to a time before it: a payment has fewer events, and an account gives fewer addresses, than one a second. The
numbers last until 2088, when they pass what an index of BIP 32 can be.
"""
MOST_ADDRESSES = 1_000_000
_BATCH = 5000
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Raised:
    """`after` is the payment to go on behind when the time was not enough; None: it is all done."""

    epoch: int
    lost: Sequence[LostAddresses]
    held: Sequence[HeldRefund]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many payments were asked about, those that nobody could tell of, and where to go on (None: nowhere)."""

    asked: int
    unknown: tuple[str, ...]
    after: str | None = None


class Restore:
    """`forget` empties the fast path, and answers whether it could; `accounts` are those that give addresses."""

    def __init__(
        self,
        store: OperatorStore,
        ledger: Ledger,
        rails: Rails,
        observe: Observe,
        resolve: Resolve,
        refunds: RefundPayment,
        rules: Sequence[SigningRule],
        accounts: Collection[str],
        forget: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._rails = rails
        self._observe = observe
        self._resolve = resolve
        self._refunds = refunds
        self._rules = rules
        self._accounts = accounts
        self._forget = forget
        self._clock = clock

    def close(self) -> None:
        self._store.close()

    def reopen(self) -> None:
        self._store.reopen()

    def raise_epoch(self, restored_to: datetime, seconds: float, *, addresses: int = MOST_ADDRESSES) -> Raised:
        """Shut the application out and let everything that counts go on behind all that may have been counted since
        `restored_to`. Safe to repeat, with the same moment; needed again when `after` says so.

        Raises InvalidField (a moment to come, no or too many addresses), Unavailable (Redis cannot be emptied).
        """
        now = self._clock.now()
        if restored_to > now:
            raise InvalidField("restoredTo", "lies in the future")
        if not 0 < addresses <= 100 * MOST_ADDRESSES:
            raise InvalidField("addresses", f"is 1 to {100 * MOST_ADDRESSES}")
        self._store.close()
        if not self._forget():
            raise Unavailable("Redis holds answers to what is no longer known, and cannot be emptied")
        deadline = time.monotonic() + seconds
        epoch = self._store.begin_epoch(int((now - ORIGIN).total_seconds()), restored_to)
        lost = self._store.pass_over_addresses(epoch, self._accounts, addresses)
        for rule in self._rules:
            self._store.use_up_signing(rule.asset, rule.most_per_day)
        held = self._store.hold_refunds(epoch)
        self._open_cases(epoch, held)
        self._store.ask_all_again()
        after: str | None = ""
        while after is not None:
            if time.monotonic() > deadline:
                return Raised(epoch, lost, held, after)
            after = self._store.raise_sequences(epoch, after, _BATCH)
        return Raised(epoch, lost, held)

    def reconcile(self, since: datetime, after: str | None, seconds: float) -> Reconciled:
        """Apply what rails say now of every payment that was created since, and of all that is under way."""
        deadline = time.monotonic() + seconds
        self._resolve(seconds / 2)
        place = after or ids.encode("PAY", int(since.timestamp() * 1000) << 80)
        asked, unknown = 0, []
        while found := self._store.payments_at_rails(place, _PAGE):
            for place in found:
                asked += 1
                if not self._ask(place):
                    unknown.append(place)
                if time.monotonic() > deadline:
                    return Reconciled(asked, tuple(unknown), place)
        return Reconciled(asked, tuple(unknown))

    def recover_refund(self, payment_id: str, refund_id: str, amount: str) -> Refund:
        """A refund that an event told of and that is not known any more: the rail is asked by its own number, which
        is made of its id. To be done before `reconcile`, which books what nothing accounts for as made at the rail.

        Raises NotFound, InvalidField, RefundNotPossible (it is known, or there is not so much left).
        """
        if not ids.is_id("REF", refund_id):
            raise InvalidField("refund", "is not an id of a refund")
        with self._ledger.transaction() as tx:
            payment, known = tx.payment(payment_id), tx.refund(refund_id)
        if payment is None:
            raise NotFound("no such payment")
        if payment.due.asset.network is not None:
            raise RefundNotPossible("on a chain nobody can be asked by a refund's id")
        if known is not None or payment.refunded_outside:
            raise RefundNotPossible("it is known, or the rail's sum, which holds it, is booked")
        now = self._clock.now()
        refund = Refund(
            id=refund_id,
            payment_id=payment_id,
            amount=parse_money(amount, payment.due.asset),
            state=RefundState.PENDING,
            reference=refund_id.removeprefix("REF_"),
            origin=OURS,
            reason=None,
            request_id=payment.request_id,
            created_at=now,
            updated_at=now,
        )
        claim = Claim(f"recovered:{refund_id}", sha256(refund_id.encode()).digest())
        with self._ledger.transaction() as tx:
            if not all(tx.reserve_refund(refund, claim, now + timedelta(minutes=1))):
                raise RefundNotPossible("more than is left to refund")
        return self._refunds.ask_rail(refund, is_repeat=True)

    def release(self, refund_id: str) -> None:
        """Somebody has looked: it was not paid. Raises NotFound."""
        epoch = self._store.release_refund(refund_id)
        if epoch is None:
            raise NotFound("no refund of this id is held")
        with self._ledger.transaction() as tx:
            tx.close_case(_case_name(epoch, refund_id))

    def _ask(self, payment_id: str) -> bool:
        with self._ledger.transaction() as tx:
            payment, attempt = tx.payment(payment_id), tx.attempt(payment_id)
        if payment is None or attempt is None:
            return True
        try:
            rail, order = order_at(self._rails, payment, attempt)
            self._observe(attempt.rail, rail.query(order), is_current=True, asked_at=payment.version)
        except (OutcomeUnknown, RailDeclined, MethodNotAvailable, NotYet, Conflict):
            return False
        return True

    def _open_cases(self, epoch: int, held: Sequence[HeldRefund]) -> None:
        reason = "the database was restored: see whether this was paid since, then release it"
        for refund in held:
            case = Case(
                kind="REFUND_HELD",
                dedupe=_case_name(epoch, refund.id),
                rail=refund.network,
                detail={
                    "refundId": refund.id,
                    "amount": refund.amount,
                    "address": refund.address,
                    "reason": reason,
                },
                payment_id=refund.payment_id,
            )
            with self._ledger.transaction() as tx:
                tx.open_case(case)


def _case_name(epoch: int, refund_id: str) -> str:
    return f"held:{epoch}:{refund_id}"
