"""Whether four books agree: the shop's own, the database, the events and the rail's ledger. Sums are in fen."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.load import Order

    Sums = dict[str, tuple[int, int]]
    """Received and given back, by payment."""

_LEFT = {
    "events that wait": "SELECT payment_id FROM outbox_queue",
    "callbacks that wait": "SELECT callback_id FROM callback_queue",
    "refunds without an end": "SELECT id FROM refunds WHERE state NOT IN ('SUCCEEDED', 'FAILED')",
    "payments that were never opened": "SELECT id FROM payments WHERE state = 'CREATED'",
    "reserves without a refund": "SELECT id FROM payments WHERE refund_reserved > 0",
    "keys without an answer": "SELECT key FROM idempotency_keys WHERE answer_status IS NULL",
}


@dataclass(frozen=True)
class Reckoning:
    books: Books
    alipay: Alipay

    def stuck(self) -> dict[str, Any]:
        """What is still under way, or is not as the rail has it; empty when all is done."""
        left = {what: [row[0] for row in self.books.run(text)] for what, text in _LEFT.items()}
        ours, theirs = self.database(), self.rail()
        left["payments that the rail has otherwise"] = [
            name for name in ours if ours[name] != theirs.get(name, (0, 0))
        ]
        return {what: rows[:5] for what, rows in left.items() if rows}

    def hasten(self) -> None:
        """What `resolve` would look at in seconds or minutes is due now."""
        self.books.run("UPDATE callback_queue SET available_at = now() WHERE available_at > now()")
        self.books.run("UPDATE attempts SET next_query_at = now() WHERE next_query_at > now()")
        self.books.run("UPDATE refunds SET next_query_at = now() WHERE next_query_at > now()")

    def database(self) -> Sums:
        rows = self.books.run("SELECT id, received::text, (refunded + refunded_outside)::text FROM payments")
        return {name: (int(received), int(refunded)) for name, received, refunded in rows}

    def rail(self) -> Sums:
        """By payment as well; an order that no payment knows stands under its own name."""
        orders = self.alipay.see("ledger")["orders"]
        names = dict(self.books.run("SELECT reference, payment_id FROM attempts"))
        return {names.get(name, name): (order["paid"], order["refunded"]) for name, order in orders.items()}

    def outbox(self) -> list[dict[str, Any]]:
        rows = self.books.run("SELECT kind, payload FROM outbox ORDER BY payment_id, sequence")
        return [{"kind": kind, **json.loads(payload)} for kind, payload in rows]

    def extra(self) -> dict[str, Any]:
        """What must not be: a second payment of an order, a case for the operator, a state without its money."""
        return {
            "doubled orders": self.books.run("SELECT order_id FROM payments GROUP BY 1 HAVING count(*) > 1"),
            "cases": self.books.run("SELECT kind, detail::text FROM operator_cases"),
            "outside refunds": self.books.run("SELECT id FROM payments WHERE refunded_outside > 0"),
            "money without its state": self.books.run(
                "SELECT id, state FROM payments WHERE (received > 0) <> (state = CASE"
                " WHEN refunded = 0 THEN 'SETTLED' WHEN refunded < received THEN 'PARTIALLY_REFUNDED'"
                " ELSE 'REFUNDED' END)"
            ),
        }


def told(orders: Iterable[Order]) -> Sums:
    """As the shop was told."""
    return {order.payment_id: (order.paid, order.refunded) for order in orders}


def summed(events: Iterable[dict[str, Any]], payments: Iterable[str]) -> Sums:
    """As somebody has it who knows the events only; each must be there once."""
    received: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    for event in events:
        if event["kind"] == "payment.settled":
            received[event["paymentId"]] += fen(event["amountExact"])
        elif event["kind"] == "payment.refunded":
            refunded[event["paymentId"]] += fen(event["refundAmountExact"])
    return {name: (received[name], refunded[name]) for name in payments}


def fen(text: str) -> int:
    yuan, _, rest = text.partition(".")
    return int(yuan + rest.ljust(2, "0"))
