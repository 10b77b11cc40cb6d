"""`Stripe-Signature` (docs.stripe.com/webhooks/signature, "Verify webhook signatures manually")."""

from __future__ import annotations

from functools import lru_cache
from hmac import compare_digest
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

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
    sent, given = _read(header)
    if not is_signed(sent.encode() + b"." + body, given, secrets):
        raise CallbackRefused("the signature does not verify")
    if abs(now.timestamp() - int(sent)) > TOLERANCE_SECONDS:
        raise CallbackRefused("the signature is too old")


def is_signed(data: bytes, given: Sequence[str], secrets: Sequence[str]) -> bool:
    """Whether one of the signatures given is one of the secrets' over exactly these bytes.

    Every pair is compared, so that time tells nothing of which secret or signature came near.
    """
    ours = [_signature(secret, data) for secret in secrets]
    return True in [compare_digest(one, other) for one in ours for other in given]


def _read(header: str) -> tuple[str, list[str]]:
    """The time, as it was signed, and the signatures."""
    times: list[str] = []
    given: list[str] = []
    for part in header.split(","):
        if part[:3] == "v1=":
            given.append(part[3:])
        elif part[:2] == "t=":
            times.append(part[2:])
    if len(times) != 1 or not given or not header.isascii():
        raise CallbackRefused("no signature, or no time")
    sent = times[0]
    if not sent.isdigit() or len(sent) > _LONGEST_TIME:
        raise CallbackRefused("the signature's time is none")
    return sent, given


def _signature(secret: str, signed: bytes) -> str:
    mac = _keyed(secret).copy()
    mac.update(signed)
    return mac.finalize().hex()


@lru_cache(maxsize=8)
def _keyed(secret: str) -> HMAC:
    """Half the time of a short HMAC goes into its key."""
    return HMAC(secret.encode(), SHA256())
