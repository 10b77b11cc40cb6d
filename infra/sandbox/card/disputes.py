"""Disputes and inquiries: docs.stripe.com/disputes/how-disputes-work, docs.stripe.com/api/disputes/object.

An inquiry (warning_…) moves no money. A dispute takes its amount and a fee out of the merchant's balance at once;
won, it gives the amount back, and the fee is lost.
"""

from infra.sandbox.card import events, money
from infra.sandbox.card.books import enter, find, get, insert, new_id, now, update
from infra.sandbox.card.context import Work
from infra.sandbox.card.errors import no_such, refused
from infra.sandbox.ledger import Db, Row


def open_dispute(work: Work, charge: Row, amount: int, reason: str, *, is_inquiry: bool) -> Row:
    left = charge["amount_captured"] - charge["refunded"] - charge["withdrawn"]
    if not 0 < amount <= left:
        raise refused("amount_too_large", f"Only {left} of the charge can be disputed.", param="amount")
    dispute = insert(
        work.db,
        "disputes",
        id=new_id("du"),
        charge_id=charge["id"],
        amount=amount,
        status="warning_needs_response" if is_inquiry else "needs_response",
        reason=reason,
        created=now(),
    )
    update(work.db, "charges", charge["id"], disputed=1)
    if is_inquiry:
        events.of_dispute(work, "created", dispute)
        return dispute
    dispute = _withdraw(work, dispute)
    events.of_dispute(work, "created", dispute)
    events.of_dispute(work, "funds_withdrawn", dispute)
    return dispute


def escalate(work: Work, dispute: Row) -> Row:
    """An inquiry becomes a dispute."""
    _require(dispute, "warning_needs_response")
    dispute = _withdraw(work, update(work.db, "disputes", dispute["id"], status="needs_response"))
    events.of_dispute(work, "updated", dispute, status="warning_needs_response")
    events.of_dispute(work, "funds_withdrawn", dispute)
    return dispute


def win(work: Work, dispute: Row, amount: int | None = None) -> Row:
    """`amount` is less than all of it when the bank decided in parts."""
    _require(dispute, "needs_response")
    amount = dispute["withdrawn"] if amount is None else amount
    charge = get(work.db, "charges", dispute["charge_id"])
    note = f"Chargeback reversal for {charge['id']}"
    enter(work.db, dispute["id"], "dispute_reversal", amount, 0, charge["currency"], note)
    update(work.db, "charges", charge["id"], withdrawn=charge["withdrawn"] - amount)
    left = {"withdrawn": dispute["withdrawn"] - amount, "status": "won"}
    dispute = update(work.db, "disputes", dispute["id"], **left)
    events.of_dispute(work, "funds_reinstated", dispute)
    events.of_dispute(work, "closed", dispute, status="needs_response")
    return dispute


def lose(work: Work, dispute: Row) -> Row:
    _require(dispute, "needs_response")
    dispute = update(work.db, "disputes", dispute["id"], status="lost")
    events.of_dispute(work, "closed", dispute, status="needs_response")
    return dispute


def close_inquiry(work: Work, dispute: Row) -> Row:
    _require(dispute, "warning_needs_response")
    dispute = update(work.db, "disputes", dispute["id"], status="warning_closed")
    events.of_dispute(work, "closed", dispute, status="warning_needs_response")
    return dispute


def named_dispute(db: Db, dispute_id: str) -> Row:
    row = find(db, "disputes", dispute_id)
    if row is None:
        raise no_such("dispute", dispute_id)
    return row


def _withdraw(work: Work, dispute: Row) -> Row:
    charge = get(work.db, "charges", dispute["charge_id"])
    currency, amount = charge["currency"], dispute["amount"]
    note = f"Chargeback withdrawal for {charge['id']}"
    enter(work.db, dispute["id"], "dispute", -amount, money.dispute_fee(currency), currency, note)
    update(work.db, "charges", charge["id"], withdrawn=charge["withdrawn"] + amount)
    return update(work.db, "disputes", dispute["id"], withdrawn=amount)


def _require(dispute: Row, status: str) -> None:
    if dispute["status"] != status:
        raise refused(None, f"The dispute has a status of {dispute['status']}, not {status}.")
