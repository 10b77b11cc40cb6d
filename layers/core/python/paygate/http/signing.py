"""`Authorization: Paygate-HMAC-SHA256 keyId=…,t=<unix seconds>,signature=<hex>`.

The signature is HMAC-SHA256 under the key's secret over seven lines joined by a newline:

    Paygate-HMAC-SHA256
    1759307220
    POST
    api.example.com
    /v1/payments?limit=20&state=PENDING
    order-456
    2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae

the scheme, t, the method, the Host header in lower case (with its port where it has one), the path with its
query as sent, the Idempotency-Key header (empty without one), and the SHA-256 of the body in hex.

API Gateway hands over a decoded query, so the line with the path is rebuilt: as the caller should write it
(RFC 3986: all but letters, digits and `-._~` percent-encoded, pairs sorted by name), and in the other
ways that HTTP clients write the same query. All of them mean the same request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paygate.http.request import Request

SCHEME = "Paygate-HMAC-SHA256"
TOLERANCE_SECONDS = 300
_HEADER = re.compile(
    SCHEME + r" +keyId=(?P<id>[0-9A-Za-z_]{1,68}), *t=(?P<t>[0-9]{1,12}), *signature=(?P<hex>[0-9a-fA-F]{64})",
    re.ASCII,
)
_PATH_SAFE = "/-._~!$&'()*+,;=:@"
_QUERY_SAFE = "/-._~!$'()*,;:@?"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as the header claims it."""

    key_id: str
    timestamp: int
    signature: bytes


def parse(authorization: str) -> Signature | None:
    match = _HEADER.fullmatch(authorization)
    if match is None:
        return None
    return Signature(match["id"], int(match["t"]), bytes.fromhex(match["hex"]))


def sign(secret: bytes, request: Request, timestamp: int, target: str) -> bytes:
    """The signature of `request` at `timestamp`; `target` is its path with query as sent."""
    before, after = _around(request, timestamp)
    return hmac.digest(secret, before + target.encode() + after, "sha256")


def verifies(request: Request, claimed: Signature, secret: bytes) -> bool:
    """Whether the signature is right for any way of writing the request's path and query."""
    before, after = _around(request, claimed.timestamp)
    is_right = False
    for target in dict.fromkeys(targets(request)):
        expected = hmac.digest(secret, before + target.encode() + after, "sha256")
        is_right |= hmac.compare_digest(expected, claimed.signature)
    return is_right


def targets(request: Request) -> Iterator[str]:
    """The path with its query, in every usual spelling."""
    pairs = [(name, value) for name, values in request.query.items() for value in values]
    queries = [_query(order, encode) for order in (sorted(pairs), pairs) for encode in _SPELLINGS]
    for whole in (request.sent_path, request.path):
        for path in (whole, quote(unquote(whole), safe=_PATH_SAFE), quote(unquote(whole), safe="/")):
            for query in queries:
                yield f"{path}?{query}" if query else path


def _query(pairs: Sequence[tuple[str, str]], encode: Callable[[str], str]) -> str:
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in pairs)


_SPELLINGS: tuple[Callable[[str], str], ...] = (
    partial(quote, safe=""),
    quote_plus,
    partial(quote, safe=_QUERY_SAFE),
)


def _around(request: Request, timestamp: int) -> tuple[bytes, bytes]:
    host = (request.header("Host") or "").lower()
    key = request.header("Idempotency-Key") or ""
    digest = hashlib.sha256(request.body).hexdigest()
    before = f"{SCHEME}\n{timestamp}\n{request.method}\n{host}\n"
    return before.encode(), f"\n{key}\n{digest}".encode()
