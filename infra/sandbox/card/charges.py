"""Charging a test card, and capturing."""

from infra.sandbox.card import events, money
from infra.sandbox.card.books import dumps, enter, get, insert, new_id, now, update
from infra.sandbox.card.context import Work
from infra.sandbox.ledger import Row


def begin(work: Work, intent: Row, method: Row, *, is_authenticated: bool) -> Row:
    """A charge that is neither succeeded nor failed yet."""
    return insert(
        work.db,
        "charges",
        id=new_id("ch"),
        intent_id=intent["id"],
        payment_method=method["id"],
        status="pending",
        amount=intent["amount"],
        currency=intent["currency"],
        is_authenticated=is_authenticated,
        created=now(),
    )


def fail(work: Work, charge: Row, code: str, decline_code: str, message: str) -> Row:
    failure = {"code": code, "decline_code": decline_code, "message": message}
    charge = update(work.db, "charges", charge["id"], status="failed", failure=dumps(failure))
    events.of_charge(work, "failed", charge)
    return charge


def authorise(work: Work, charge: Row) -> Row:
    charge = update(work.db, "charges", charge["id"], status="succeeded")
    events.of_charge(work, "succeeded", charge)
    return charge


def succeed(work: Work, charge: Row) -> Row:
    charge = update(work.db, "charges", charge["id"], status="succeeded")
    charge = _take(work, charge, charge["amount"])
    events.of_charge(work, "succeeded", charge)
    return charge


def capture(work: Work, charge: Row, amount: int) -> Row:
    """The rest of what was authorised goes back at once and is no refund (changelog, 2025-03-31.basil)."""
    charge = _take(work, charge, amount)
    events.of_charge(work, "captured", charge)
    return charge


def _take(work: Work, charge: Row, amount: int) -> Row:
    fee = money.processing_fee(amount)
    note = get(work.db, "intents", charge["intent_id"])["order_no"]
    entry = enter(work.db, charge["id"], "charge", amount, fee, charge["currency"], note)
    taken = {"captured": 1, "amount_captured": amount}
    return update(work.db, "charges", charge["id"], **taken, balance_transaction=entry)
