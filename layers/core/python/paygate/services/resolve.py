"""Everything that is not known yet: orders, refunds, and callbacks and transfers that were kept and not applied.

A rail's silence is never a failure. What the rail does not know (an order whose create timed out, a QR that
nobody scanned) is sent again, identical, with the same reference.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paygate.domain import payment as moves
from paygate.domain.errors import RailDeclined
from paygate.domain.states import PaymentState
from paygate.ports import Ability, AttemptStatus, TradeStatus
from paygate.services import tell
from paygate.services.answers import action_json
from paygate.services.drain import MOST, drain
from paygate.services.rails import order_at
from paygate.services.schedule import WATCH_MARGIN_SECONDS, next_query_at

if TYPE_CHECKING:
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt, Clock, Due, Ids, Ledger, Meter, Nudge, Sealer
    from paygate.services.book_transfers import BookTransfers
    from paygate.services.handle_callback import HandleCallback
    from paygate.services.import_statement import ImportStatement
    from paygate.services.observe import Observe
    from paygate.services.rails import Rails
    from paygate.services.refund_payment import RefundPayment

UNKNOWN_SECONDS = 600
"""From when on somebody should know of a payment whose rail gave no answer."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """How many pieces of each kind were looked at, and how many of them must be looked at again."""

    callbacks: int = 0
    attempts: int = 0
    refunds: int = 0
    statements: int = 0
    transfers: int = 0
    put_off: int = 0


class Resolve:
    """One sweep; two at once never take the same row. How much has been unknown for long is told first."""

    def __init__(
        self,
        ledger: Ledger,
        rails: Rails,
        observe: Observe,
        callbacks: HandleCallback,
        refunds: RefundPayment,
        transfers: BookTransfers,
        statements: ImportStatement,
        clock: Clock,
        ids: Ids,
        sealer: Sealer,
        meter: Meter,
        nudge: Nudge,
    ) -> None:
        self._ledger = ledger
        self._rails = rails
        self._observe = observe
        self._callbacks = callbacks
        self._refunds = refunds
        self._transfers = transfers
        self._statements = statements
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._meter = meter
        self._nudge = nudge

    def __call__(self, seconds: float, *, most: int = MOST) -> Resolved:
        """Work for `seconds`, on at most `most` pieces of a kind, or until nothing is due; oldest first."""
        deadline = time.monotonic() + seconds
        agenda = self._ledger.agenda
        self._meter.gauge("PaymentsUnknown", agenda.unknown(UNKNOWN_SECONDS))
        callbacks, put_off = drain(agenda.callbacks, self._callback, deadline, most=most)
        self._statements.sweep(self._clock.now())
        statements, least = drain(self._statements.due, self._statement, deadline, most=most)
        transfers, others = drain(agenda.transfers, self._transfer, deadline, most=most)
        attempts, more = drain(agenda.attempts, self._attempt, deadline, most=most)
        refunds, still_more = drain(agenda.refunds, self._refund, deadline, most=most)
        left = put_off + least + others + more + still_more
        return Resolved(callbacks, attempts, refunds, statements, transfers, left)

    def _callback(self, due: Due) -> None:
        self._callbacks.again(due.id)

    def _statement(self, due: Due) -> None:
        self._statements.approved(due.id)

    def _transfer(self, due: Due) -> None:
        self._transfers(due.id)

    def _refund(self, due: Due) -> None:
        with self._ledger.transaction() as tx:
            refund = tx.refund(due.id)
        if refund is not None:
            self._refunds.ask_rail(refund, is_repeat=True)

    def _attempt(self, attempt: Attempt) -> None:
        with self._ledger.transaction() as tx:
            payment = tx.payment(attempt.payment_id)
        if payment is None:
            return
        rail, order = order_at(self._rails, payment, attempt)
        seen = rail.query(order)
        self._observe(attempt.rail, seen, is_current=True, asked_at=payment.version)
        is_given_up = payment.state in (PaymentState.CANCELLED, PaymentState.FAILED)
        if seen.status is TradeStatus.WAITING and is_given_up and Ability.CLOSE not in rail.inabilities:
            self._observe(attempt.rail, rail.close(order), is_current=True)
            return
        if seen.status in (TradeStatus.ABSENT, TradeStatus.WAITING):
            self._go_on(payment, attempt)
        else:  # one that is done is asked about no more; what did not fit waits for an operator
            self._ask_again_later(attempt)

    def _go_on(self, payment: Payment, attempt: Attempt) -> None:
        """Nobody has paid. What was never accepted is sent again; what expired at the rail is watched no more."""
        seconds_past = (self._clock.now() - attempt.rail_expires_at).total_seconds()
        if payment.state is PaymentState.CREATED and seconds_past < 0:
            self._open_again(payment, attempt)
        elif seconds_past > WATCH_MARGIN_SECONDS and not payment.is_open:
            self._save(replace(attempt, status=AttemptStatus.DONE, next_query_at=None))
        else:
            self._ask_again_later(attempt)

    def _open_again(self, payment: Payment, attempt: Attempt) -> None:
        strategy, rail = self._rails.for_method(payment.method)
        try:
            action = rail.open(strategy.order(payment, attempt))
        except RailDeclined as declined:
            change = moves.fail(payment, declined.reason, self._clock.now(), self._ids.new("EVT"))
            decided = replace(attempt, status=AttemptStatus.DONE, next_query_at=None)
        else:
            now = self._clock.now()
            change = moves.accept(payment, now)
            decided = replace(
                attempt,
                status=AttemptStatus.OPEN,
                next_query_at=next_query_at(attempt, rail, now),
                action_sealed=self._sealer.seal(action_json(action).encode(), payment.id),
                rail_id=action.rail_id or attempt.rail_id,
            )
        with self._ledger.transaction() as tx:
            tx.save(change)
            tx.save_attempt(decided)
        if change.event is not None:
            tell.failed(self._meter, payment)
            self._nudge()

    def _ask_again_later(self, attempt: Attempt) -> None:
        rail = self._rails.by_name(attempt.rail)
        self._save(replace(attempt, next_query_at=next_query_at(attempt, rail, self._clock.now())))

    def _save(self, attempt: Attempt) -> None:
        with self._ledger.transaction() as tx:
            tx.save_attempt(attempt)
