"""Signs events and delivers them: docs.stripe.com/webhooks ("Verify webhook signatures manually", "Retry").

Stripe-Signature: t=<seconds>,v1=<HMAC-SHA256 of "t.body" in hex>, one v1 for each secret that is live. Any 2xx
acknowledges, redirects do not. Live mode tries for three days with exponential backoff; the steps are not
published, and these are as operators report them: 5 and 30 minutes, 2, 5 and 10 hours, then every 12 hours.

Kinds of faults in one callback, beside those of callbacks.py:
  wrong_amount, wrong_currency, other_order   the object says something else, and is signed
  other_merchant   the event is of another account
  livemode         the event says that it is of live mode
  bad_signature    a byte of the body was changed on the way
  wrong_secret     signed with a secret that is not the endpoint's
  unsigned         no Stripe-Signature at all
  stale            signed, `seconds` (600) ago
"""

import hashlib
import hmac
import json
import secrets
import time
from http import HTTPStatus
from typing import Any

from infra.sandbox import callbacks
from infra.sandbox.callbacks import Plan
from infra.sandbox.card import expiry, refunds
from infra.sandbox.card.books import Json, find, loads
from infra.sandbox.card.context import Work
from infra.sandbox.card.merchant import Merchant
from infra.sandbox.deliveries import Answer, Manners
from infra.sandbox.ledger import Db, Ledger

RETRY_SECONDS = (300, 1800, 7200, 18000, 36000, 43200, 43200, 43200, 43200)
TIMEOUT_SECONDS = 10
KINDS = callbacks.KINDS | {
    "wrong_amount",
    "wrong_currency",
    "other_order",
    "other_merchant",
    "livemode",
    "bad_signature",
    "wrong_secret",
    "unsigned",
    "stale",
}


def manners(ledger: Ledger, merchant: Merchant, public_url: str, time_scale: float) -> Manners:
    def sign(params: dict[str, Any], plan: Plan) -> tuple[bytes, dict[str, str]]:
        event = changed(params["event"], plan.get("kind", "")) | plan.get("fields", {})
        return signed(event, _secrets(ledger, merchant, params.get("endpoint")), plan)

    def tick(db: Db) -> None:
        work = Work(db, public_url, time_scale=time_scale)
        refunds.advance(work)
        expiry.expire_all(work)
        leave(db)

    return Manners(
        sign=sign,
        is_acknowledgement=is_acknowledgement,
        retry_seconds=RETRY_SECONDS,
        timeout_seconds=TIMEOUT_SECONDS,
        tick=tick,
    )


def leave(db: Db) -> None:
    """What an endpoint that is gone was still owed is given up when it falls due."""
    db.execute(
        "UPDATE callbacks SET state = 'given_up' WHERE state = 'pending' AND due_at <= ? AND NOT EXISTS"
        " (SELECT 1 FROM endpoints WHERE url = callbacks.url AND id = json_extract(params, '$.endpoint'))",
        (time.time(),),
    )


def is_acknowledgement(answer: Answer) -> bool:
    status = answer["status"]
    return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def signed(event: Json, live_secrets: list[str], plan: Plan) -> tuple[bytes, dict[str, str]]:
    kind = plan.get("kind", "")
    body = json.dumps(event, indent=2, ensure_ascii=False).encode()
    sent_at = int(time.time()) - (int(plan.get("seconds", 600)) if kind == "stale" else 0)
    if kind == "wrong_secret":
        live_secrets = [f"whsec_{secrets.token_hex(16)}"]
    marks = ",".join(f"v1={_hmac(secret, sent_at, body)}" for secret in live_secrets)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": f"t={sent_at},{marks}",
    }
    if kind == "unsigned":
        del headers["Stripe-Signature"]
    if kind == "bad_signature":
        body = body.replace(b'"livemode": false', b'"livemode":  false', 1)
    return body, headers


def changed(event: Json, kind: str) -> Json:
    """The event with the lie that the fault's kind names."""
    event = json.loads(json.dumps(event))
    shown = event["data"]["object"]
    if kind == "wrong_amount":
        names = ("amount", "amount_received", "amount_captured")
        shown.update({name: shown[name] + 1 for name in names if shown.get(name)})
    if kind == "wrong_currency":
        shown["currency"] = "sek" if shown["currency"] != "sek" else "nok"
    if kind == "other_order":
        _rename(shown)
    if kind == "other_merchant":
        event["account"] = "acct_1OtherMerchant00"
    if kind == "livemode":
        event["livemode"] = shown["livemode"] = True
    return dict(event)


def _rename(shown: Json) -> None:
    name = "id" if shown["object"] == "payment_intent" else "payment_intent"
    shown[name] = f"pi_{shown[name][3:][::-1]}"
    if shown.get("metadata", {}).get("reference"):
        shown["metadata"]["reference"] = shown["metadata"]["reference"][::-1]


def _secrets(ledger: Ledger, merchant: Merchant, endpoint_id: str | None) -> list[str]:
    """Those that are live now: an event sent again after a roll is signed with the new one."""
    with ledger.transaction() as db:
        row = find(db, "endpoints", endpoint_id or "")
    return list(loads(row["secrets"])) if row else [merchant.webhook_secret]


def _hmac(secret: str, sent_at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d.%s" % (sent_at, body), hashlib.sha256).hexdigest()
