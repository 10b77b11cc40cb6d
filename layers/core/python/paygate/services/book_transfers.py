"""Book what came in by itself, bank transfers and chain transfers alike: a payment's sums are its transfers' sums.

Each booking sums again, so that repeating it changes nothing. Money is enough when what was received, less what was
returned and refunded, is at least what was due, less what is tolerated.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paygate.domain import payment as moves
from paygate.domain.errors import Conflict
from paygate.domain.money import Money
from paygate.domain.states import PAID_STATES, UNDER_WAY, PaymentState, RefundState
from paygate.ports import AttemptStatus, Case
from paygate.services import tell
from paygate.services.cases import stuck_refund_case
from paygate.services.races import TRIES
from paygate.services.settle import settle

if TYPE_CHECKING:
    from paygate.domain.payment import Change, Payment
    from paygate.domain.refund import Refund
    from paygate.ports import Attempt, Clock, Ids, Ledger, Meter, Nudge, Payout, Taken, Transaction

_MOST_ORIGINS = 20


class BookTransfers:
    """Whoever has new transfers calls it, and `resolve` for those who died before they could."""

    def __init__(self, ledger: Ledger, clock: Clock, ids: Ids, meter: Meter, nudge: Nudge) -> None:
        self._ledger = ledger
        self._clock = clock
        self._ids = ids
        self._meter = meter
        self._nudge = nudge

    def __call__(self, payment_id: str) -> None:
        """Raises Conflict (races lost too often), Unavailable; the transfers then stay queued."""
        for _ in range(TRIES):
            try:
                with self._ledger.transaction() as tx:
                    changes = self._book(tx, payment_id)
            except Conflict:
                continue
            self._tell(changes)
            return
        raise Conflict("lost too many races")

    def _book(self, tx: Transaction, payment_id: str) -> list[Change]:
        payment, attempt = tx.payment(payment_id), tx.attempt(payment_id)
        if payment is None or attempt is None:
            return []
        taken = tx.take_transfers(payment_id)  # after the payment: older sums on a newer row would be wrong
        changes: list[Change] = []
        for payout in taken.payouts:  # first: one that came back is ours again, and may be what was missing
            changes += self._pay_out(tx, changes[-1].after if changes else payment, payout, attempt.rail, taken)
        for step in (self._receive, self._withdraw):
            change = step(tx, changes[-1].after if changes else payment, taken, attempt)
            if change is not None:
                change = replace(change, detail=_detail(taken))
                is_settled = change.after.state is PaymentState.SETTLED and change.before.state not in PAID_STATES
                tx.save(change, _done(attempt) if is_settled else None)
                changes.append(change)
        return changes

    # ------------------------------------------------------------ what came in, and what went away again

    def _receive(self, tx: Transaction, payment: Payment, taken: Taken, attempt: Attempt) -> Change | None:
        now, event_id = self._clock.now(), self._ids.new("EVT")
        if payment.has_settled:
            received, _ = _kept(payment, taken)
            return moves.receive(payment, received, taken.pending, now, event_id, "transferred", taken.tx_ids)
        left = taken.received - taken.returned
        if _is_enough(payment, left):
            change = settle(tx, attempt.rail, payment, left, now, event_id, taken.tx_ids)
            return replace(change, after=replace(change.after, pending=taken.pending))
        given_back = payment.refunded + payment.refund_reserved
        received = max(left, given_back)
        if received > left:
            self._open_loss(tx, payment, taken, attempt.rail)
        return moves.receive(payment, received, taken.pending, now, event_id, "transferred", taken.tx_ids)

    def _withdraw(self, _tx: Transaction, payment: Payment, taken: Taken, _attempt: Attempt) -> Change | None:
        """Settled money that was taken away, unless more than enough is left."""
        if not payment.has_settled:
            return None
        _, withdrawn = _kept(payment, taken)
        if withdrawn == payment.withdrawn:
            return None
        now, event_id = self._clock.now(), self._ids.new("EVT")
        return moves.withdraw(payment, withdrawn, now, event_id, taken.tx_ids)

    def _open_loss(self, tx: Transaction, payment: Payment, taken: Taken, rail: str) -> None:
        """What was refunded already was taken away as well: nobody but an operator can make that good."""
        detail = {"returned": taken.returned, "refunded": payment.refunded_text()}
        dedupe = f"{rail}:returned after refund:{payment.id}:{taken.returned}"
        if tx.open_case(Case("RETURNED_AFTER_REFUND", dedupe, rail, detail, payment.id)):
            self._meter.alarm("RailFactDidNotFit", rail=rail)

    # ------------------------------------------------------------ refunds that a person paid out

    def _pay_out(self, tx: Transaction, payment: Payment, payout: Payout, rail: str, taken: Taken) -> list[Change]:
        refund = tx.refund(payout.refund_id)
        state = _next(refund, payout) if refund else None
        if refund is None or state is None:
            self._open_payout_case(tx, payment, payout, rail)
            return []
        now = self._clock.now()
        moved = refund.to(state, now, "the payout came back" if payout.is_returned else None)
        tx.save_refund(refund, moved, None)
        tx.close_case(stuck_refund_case(rail, refund.id))
        change = moves.refund_moved(payment, refund, moved, now, self._ids.new("EVT"))
        change = replace(change, detail=_detail(taken))
        tx.save(change)
        return [change]

    def _open_payout_case(self, tx: Transaction, payment: Payment, payout: Payout, rail: str) -> None:
        paid = Money(payout.units, payment.due.asset)
        amount = f"{paid.text()} {paid.asset.code}"
        detail = {"refundId": payout.refund_id, "amount": amount, "isReturned": payout.is_returned}
        dedupe = f"{rail}:payout:{payout.refund_id}:{payout.units}:{payout.is_returned}"
        if tx.open_case(Case("PAYOUT_DID_NOT_FIT", dedupe, rail, detail, payment.id)):
            self._meter.alarm("RailFactDidNotFit", rail=rail)

    # ------------------------------------------------------------ what the world hears

    def _tell(self, changes: list[Change]) -> None:
        for change in changes:
            before, after = change.before, change.after
            if after.state is PaymentState.SETTLED and not before.has_settled:
                tell.settled(self._meter, after)
            if after.withdrawn > before.withdrawn:
                self._meter.alarm("PaymentReversed", rail=after.method)
        if any(change.event for change in changes):
            self._nudge()


def _is_enough(payment: Payment, left: int) -> bool:
    """Whether what we still have of the payers' money covers the price."""
    given_back = payment.refunded + payment.refunded_outside + payment.refund_reserved
    return left - given_back >= payment.due.units - payment.tolerance


def _kept(payment: Payment, taken: Taken) -> tuple[int, int]:
    """What a settled payment has received, and what of that was taken away and is missing.

    What it had and still has is not missing, however much of it the shop gave back by its own will: only what goes
    away after that is held against the price.
    """
    left = taken.received - taken.returned
    if left >= payment.received or _is_enough(payment, left):
        return left, 0
    return payment.received, payment.received - left


def _next(refund: Refund, payout: Payout) -> RefundState | None:
    """Where the refund goes by what the bank did; None: that does not fit."""
    if payout.units != refund.amount.units:
        return None
    if payout.is_returned:
        return RefundState.REVERSED if refund.state is RefundState.SUCCEEDED else None
    return RefundState.SUCCEEDED if refund.state in UNDER_WAY else None


def _detail(taken: Taken) -> dict[str, object] | None:
    return {"transfers": list(taken.origins[:_MOST_ORIGINS])} if taken.origins else None


def _done(attempt: Attempt) -> Attempt | None:
    if attempt.status is AttemptStatus.DONE:
        return None
    return replace(attempt, status=AttemptStatus.DONE, next_query_at=None)
