"""Read payments: each call is one query that an index serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain.errors import Conflict, MethodNotAvailable, NotFound, OutcomeUnknown, RailDeclined
from paygate.services.book_refunds import NotYet
from paygate.services.rails import order_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.ports import Ledger, ListFilter, Page
    from paygate.services.observe import Observe
    from paygate.services.rails import Rails


class GetPayment:
    """Documents as callers see them, JSON text."""

    def __init__(self, ledger: Ledger, rails: Rails, observe: Observe) -> None:
        self._ledger = ledger
        self._rails = rails
        self._observe = observe

    def one(self, payment_id: str, *, refresh: bool = False) -> str:
        """Raises NotFound. `refresh` asks the rail first; when it gives no answer, what is known is the answer."""
        if refresh:
            self.ask_rail(payment_id)
        document = self._ledger.documents.by_ids([payment_id]).get(payment_id)
        if document is None:
            raise NotFound("no such payment")
        return document

    def many(self, payment_ids: Sequence[str]) -> dict[str, str]:
        return self._ledger.documents.by_ids(payment_ids)

    def of_order(self, order_id: str, limit: int, cursor: str | None) -> Page:
        return self._ledger.documents.of_order(order_id, limit, cursor)

    def search(self, wanted: ListFilter, limit: int, cursor: str | None) -> Page:
        return self._ledger.documents.search(wanted, limit, cursor)

    def refund(self, refund_id: str) -> str:
        document = self._ledger.documents.refund(refund_id)
        if document is None:
            raise NotFound("no such refund")
        return document

    def ask_rail(self, payment_id: str) -> None:
        """Hear what the rail says now, if it says anything; raises NotFound."""
        with self._ledger.transaction() as tx:
            payment, attempt = tx.payment(payment_id), tx.attempt(payment_id)
        if payment is None or attempt is None:
            raise NotFound("no such payment")
        try:
            rail, order = order_at(self._rails, payment, attempt)
            self._observe(attempt.rail, rail.query(order), is_current=True, asked_at=payment.version)
        except (OutcomeUnknown, RailDeclined, MethodNotAvailable, NotYet, Conflict):
            return
