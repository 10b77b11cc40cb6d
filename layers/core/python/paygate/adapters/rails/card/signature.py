"""`Stripe-Signature` (docs.stripe.com/webhooks/signature, "Verify webhook signatures manually")."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from paygate.domain.errors import CallbackRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

TOLERANCE_SECONDS = 300
_LONGEST_TIME = 12


def verify(body: bytes, header: str, secrets: Sequence[str], now: datetime) -> None:
    """`t=<seconds>,v1=<hex>[,v1=<hex>]…` over `<t>.<body>`: any v1 may be any live secret's.

    Raises CallbackRefused. Other schemes (v0 is for tests of the processor's own) are not believed.
    """
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    given = [value.strip().encode() for name, _, value in parts if name.strip() == "v1"]
    if len(times) != 1 or not given:
        raise CallbackRefused("no signature, or no time")
    sent = times[0].strip()
    if not (sent.isascii() and sent.isdigit() and len(sent) <= _LONGEST_TIME):
        raise CallbackRefused("the signature's time is none")
    signed = sent.encode() + b"." + body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets]
    # Every pair is compared, so that time tells nothing of which secret or signature came near.
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
    if not any(matches):
        raise CallbackRefused("the signature does not verify")
    if abs(now.timestamp() - int(sent)) > TOLERANCE_SECONDS:
        raise CallbackRefused("the signature is too old")
