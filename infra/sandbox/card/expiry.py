"""What was authorised and not captured for seven days is given back by itself.

docs.stripe.com/payments/place-a-hold-on-a-payment-method: the PaymentIntent is canceled, as `expired` (changelog,
2025-03-31.basil).
"""

import time

from infra.sandbox.card import events, intents
from infra.sandbox.card.books import get
from infra.sandbox.card.context import Work
from infra.sandbox.ledger import Row

AUTHORISATION_SECONDS = 7 * 86400


def expire_all(work: Work) -> None:
    sql = (
        "SELECT intents.* FROM intents JOIN charges ON charges.id = latest_charge"
        " WHERE intents.status = 'requires_capture' AND charges.created <= ?"
    )
    for intent in work.db.execute(sql, (time.time() - AUTHORISATION_SECONDS * work.time_scale,)).fetchall():
        expire(work, intent)


def expire(work: Work, intent: Row) -> None:
    if intent["status"] != "requires_capture":
        raise intents.unexpected(work.db, intent, "expire")
    events.of_charge(work, "expired", get(work.db, "charges", intent["latest_charge"]))
    intents.cancel(work, intent, "expired")
