"""What a write gives back: the stored bytes, where the thing is, and whether it was said before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.http.responses import Response, first_id, respond
from paygate.observability import logger

if TYPE_CHECKING:
    from paygate.services.answers import Answered

_LOGGED = {"PAY": "payment_id", "REF": "refund_id"}


def written(answered: Answered, place: str, prefix: str) -> Response:
    """`place` is the path of what was written, with `{}` for its id, which begins with `prefix`."""
    body = answered.answer.body.decode()
    headers = {}
    found = first_id(body, prefix)
    if found is not None:
        headers["Location"] = place.format(found)
        logger().thread_safe_append_keys(**{_LOGGED[prefix]: found})
    if answered.is_replay:
        headers["Idempotent-Replayed"] = "true"
    return respond(answered.answer.status, body, headers)
