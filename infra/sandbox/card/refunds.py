"""Refunds: docs.stripe.com/refunds and the API's reference ("Create a refund").

A refund lowers what is left of the charge from the moment it is made, whatever its status; one that fails or is
canceled gives it back. While a dispute holds the money there is nothing to refund.
"""

import time
from typing import Any

from infra.sandbox.card import cards, events, money
from infra.sandbox.card.books import dumps, enter, find, get, insert, loads, new_id, now, update
from infra.sandbox.card.context import Work
from infra.sandbox.card.errors import StripeError, no_such, refused
from infra.sandbox.card.intents import named
from infra.sandbox.ledger import Db, Row

LATER_SECONDS = 60
Params = dict[str, Any]


def create(work: Work, params: Params) -> Row:
    charge = _charge(work.db, params)
    left = charge["amount_captured"] - charge["refunded"] - charge["withdrawn"]
    amount = params.get("amount", left)
    _check(charge, amount, left)
    card = cards.CARDS[get(work.db, "payment_methods", charge["payment_method"])["card"]]
    status, next_status = ("pending", None) if work.refund_status else card.refund
    entry = enter(work.db, charge["id"], "refund", -amount, 0, charge["currency"], "REFUND FOR CHARGE")
    refund = insert(
        work.db,
        "refunds",
        id=new_id("re"),
        charge_id=charge["id"],
        amount=amount,
        status=status,
        reason=params.get("reason"),
        metadata=dumps({name: value for name, value in params.get("metadata", {}).items() if value}),
        balance_transaction=entry,
        next_status=next_status,
        due_at=time.time() + LATER_SECONDS * work.time_scale if next_status else None,
        created=now(),
    )
    charge = update(work.db, "charges", charge["id"], refunded=charge["refunded"] + amount)
    events.of_refund(work, "refund.created", refund)
    events.of_charge(work, "refunded", charge, amount_refunded=charge["refunded"] - amount)
    return move(work, refund, work.refund_status) if work.refund_status else refund


def move(work: Work, refund: Row, status: str, failure_reason: str | None = None) -> Row:
    """Into another status; `failed` and `canceled` return the money to the merchant."""
    if refund["status"] in ("failed", "canceled"):
        raise refused(None, f"The refund has a status of {refund['status']}.")
    was, changes = refund["status"], {"status": status, "next_status": None}
    if status == was:
        return refund
    if status in ("failed", "canceled"):
        charge = get(work.db, "charges", refund["charge_id"])
        update(work.db, "charges", charge["id"], refunded=charge["refunded"] - refund["amount"])
        note = "REFUND FAILURE" if status == "failed" else "REFUND CANCELED"
        entry = enter(work.db, charge["id"], "refund_failure", refund["amount"], 0, charge["currency"], note)
        changes["failure_balance_transaction"] = entry
    if status == "failed":
        changes["failure_reason"] = failure_reason or "unknown"
    refund = update(work.db, "refunds", refund["id"], **changes)
    if status == "failed":
        events.of_refund(work, "refund.failed", refund, status=was)
    events.of_refund(work, "refund.updated", refund, status=was)
    events.of_refund(work, "charge.refund.updated", refund, status=was)
    return refund


def cancel(work: Work, refund: Row) -> Row:
    """Only what waits for the customer can be canceled ("Cancel a refund")."""
    if refund["status"] != "requires_action":
        raise refused(None, f"Refund {refund['id']} cannot be canceled: it has a status of {refund['status']}.")
    return move(work, refund, "canceled")


def modify(work: Work, refund: Row, params: Params) -> Row:
    merged = {**loads(refund["metadata"]), **params.get("metadata", {})}
    kept = {name: value for name, value in merged.items() if value}
    refund = update(work.db, "refunds", refund["id"], metadata=dumps(kept))
    events.of_refund(work, "refund.updated", refund)
    return refund


def advance(work: Work) -> None:
    """What becomes of refunds by itself."""
    sql = "SELECT * FROM refunds WHERE next_status IS NOT NULL AND due_at <= ? ORDER BY seq"
    for refund in work.db.execute(sql, (time.time(),)).fetchall():
        move(work, refund, refund["next_status"], "lost_or_stolen_card")


def named_refund(db: Db, refund_id: str) -> Row:
    row = find(db, "refunds", refund_id)
    if row is None:
        raise no_such("refund", refund_id)
    return row


def _charge(db: Db, params: Params) -> Row:
    if "charge" in params:
        charge = find(db, "charges", params["charge"])
        if charge is None:
            raise no_such("charge", params["charge"], "charge")
        intent = get(db, "intents", charge["intent_id"])
        if params.get("payment_intent", intent["id"]) != intent["id"]:
            raise refused(None, "The charge is not the PaymentIntent's.", param="charge")
    else:
        intent = named(db, params["payment_intent"], "payment_intent")
        charge = find(db, "charges", intent["latest_charge"] or "")
    if charge is None or charge["status"] != "succeeded" or not charge["captured"]:
        raise _nothing_paid(intent)
    return charge


def _check(charge: Row, amount: int, left: int) -> None:
    if charge["refunded"] == charge["amount_captured"]:
        raise refused("charge_already_refunded", f"Charge {charge['id']} has already been refunded.")
    if left == 0:
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise refused("charge_disputed", message)
    if amount > left:
        asked, rest = money.shown(amount, charge["currency"]), money.shown(left, charge["currency"])
        message = f"Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})"
        raise refused("amount_too_large", message, param="amount")


def _nothing_paid(intent: Row) -> StripeError:
    """The code of this one is not published."""
    return refused(None, f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
