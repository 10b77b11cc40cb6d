"""How this WeChat Pay is set: what a merchant's console or the rail's operators decide, and tests turn.

signing_certificate   1 or 2: the platform certificate that signs; with 2, /v3/certificates lists both
callback_key          "certificate" or "public_key": what signs callbacks
has_certificates      false: a merchant opened since 2024-09, which has no platform certificate to download
are_errors_signed     false: no answer but 2xx carries Wechatpay-* headers
refund_pause_seconds  refunds of one order closer than this are refused; 60 at the original, 0 here
refund_seconds        how long a refund is PROCESSING, times the time scale
console_tells         a refund made in the console is told to the address that is set there for refunds, here the
                      order's; false: none is set
balance               fen that the merchant has to refund from; null is plenty
"""

import json
from typing import Any

from infra.sandbox.ledger import Db

DEFAULTS: dict[str, Any] = {
    "signing_certificate": 1,
    "callback_key": "certificate",
    "has_certificates": True,
    "are_errors_signed": True,
    "refund_pause_seconds": 0,
    "refund_seconds": 5,
    "console_tells": True,
    "balance": None,
}


def read(db: Db) -> dict[str, Any]:
    turned = {row["name"]: json.loads(row["value"]) for row in db.execute("SELECT name, value FROM switches")}
    return DEFAULTS | turned


def turn(db: Db, changes: dict[str, Any]) -> dict[str, Any]:
    """Set some; ValueError names what does not exist."""
    if not changes.keys() <= DEFAULTS.keys():
        raise ValueError(f"no such switch: {', '.join(changes.keys() - DEFAULTS.keys())}")
    for name, value in changes.items():
        db.execute("INSERT OR REPLACE INTO switches VALUES (?, ?)", (name, json.dumps(value)))
    return read(db)
