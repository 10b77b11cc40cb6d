"""The caller's idempotency key, and the hash of the request that it stands for."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from paygate.domain.errors import InvalidField
from paygate.ports import Claim

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.http.json_body import Json
    from paygate.http.request import Request

HEADER = "Idempotency-Key"
BODY_FIELD = "idempotencyKey"
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


def required_claim(request: Request, body: Mapping[str, Json]) -> Claim:
    """The claim of a request that must have a key; header and body must agree where both are there."""
    in_header, in_body = request.header(HEADER), body.get(BODY_FIELD)
    if in_header is not None:
        _check(HEADER, in_header)
    if BODY_FIELD in body:
        _check(BODY_FIELD, in_body)
    if in_header is not None and BODY_FIELD in body and in_header != in_body:
        raise InvalidField(BODY_FIELD, "must be the same as the Idempotency-Key header")
    key = in_header if in_header is not None else in_body
    if not isinstance(key, str):
        raise InvalidField(HEADER, "is required, as a header or as the body's idempotencyKey")
    return Claim(key, request_hash(request))


def request_hash(request: Request) -> bytes:
    """SHA-256 over method, concrete path and body, so that one key means one request."""
    head = f"{request.method}\n{request.path}\n".encode()
    return hashlib.sha256(head + request.body).digest()


def _check(field: str, value: Json) -> None:
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise InvalidField(field, "must be 1 to 255 visible ASCII characters")
