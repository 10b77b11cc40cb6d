"""The one place that turns errors into answers: RFC 9457 problem documents with a stable `code`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paygate.card_numbers import masked
from paygate.domain.errors import PaygateError
from paygate.http.errors import HttpRefused
from paygate.http.responses import Response, respond

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENT_TYPE = "application/problem+json"
_SERVER_ERROR = 500
_LONGEST_DETAIL = 300
_LONGEST_FIELD = 64


@dataclass(frozen=True, slots=True)
class Kind:
    """How a code is told; `detail`, where given, is all that the caller hears of the cause."""

    status: int
    title: str
    detail: str | None = None
    retry_after_seconds: int | None = None


KINDS: Mapping[str, Kind] = {
    "invalid_field": Kind(400, "A field is wrong"),
    "card_number_refused": Kind(400, "Card numbers are not taken"),
    "malformed_body": Kind(400, "The body cannot be read"),
    "callback_refused": Kind(400, "The callback does not verify", "the callback does not verify"),
    "unauthenticated": Kind(401, "Authentication needed"),
    "forbidden": Kind(403, "Not allowed with this key"),
    "second_person_needed": Kind(403, "A second person is needed"),
    "not_found": Kind(404, "Not found"),
    "method_not_allowed": Kind(405, "Method not allowed"),
    "request_in_progress": Kind(409, "The first request is still running", retry_after_seconds=1),
    "not_approvable": Kind(409, "Cannot be approved"),
    "already_assigned": Kind(409, "Belongs to another payment"),
    "conflict": Kind(409, "Changed meanwhile", "somebody else changed it first; try again", 1),
    "not_cancellable": Kind(409, "Cannot be cancelled"),
    "not_capturable": Kind(409, "Cannot be captured"),
    "not_claimable": Kind(422, "Nothing to claim"),
    "not_yet_replaceable": Kind(409, "Cannot be replaced yet"),
    "treasury_missing": Kind(422, "No treasury here"),
    "treasury_too_poor": Kind(422, "The treasury holds too little"),
    "transaction_refused": Kind(422, "The network refuses the transaction"),
    "body_too_large": Kind(413, "Body too large"),
    "unsupported_media_type": Kind(415, "Unsupported media type"),
    "statement_refused": Kind(422, "Statement file refused"),
    "idempotency_key_reused": Kind(422, "Idempotency key used before"),
    "method_not_available": Kind(422, "Payment method not available"),
    "rail_declined": Kind(422, "Declined"),
    "refund_not_possible": Kind(422, "Refund not possible"),
    "rate_limited": Kind(429, "Too many requests"),
    "internal_error": Kind(500, "Internal error", "something went wrong on our side"),
    "outcome_unknown": Kind(503, "Outcome not known yet", "the rail has not answered yet; try again", 2),
    "quote_unavailable": Kind(503, "No rate can be locked", "the rates cannot be trusted now; try again", 5),
    "node_unavailable": Kind(503, "Chain not readable", "the chain's node does not answer; try again", 5),
    "node_misled": Kind(503, "Chain not readable", "the chain's node gives no answer to rely on; try again", 30),
    "unavailable": Kind(503, "Temporarily unavailable", "a part of ours cannot be reached; try again", 1),
}


def answer(error: Exception, request_id: str) -> Response:
    """The problem document of any error; what is not ours to explain is `internal_error`."""
    code = error.code if isinstance(error, PaygateError) and error.code in KINDS else "internal_error"
    kind = KINDS[code]
    document = {
        "type": f"urn:paygate:problem:{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail or printable(str(error), _LONGEST_DETAIL),
        "code": code,
    }
    field = getattr(error, "field", None)
    if field is not None and code != "internal_error":
        document["field"] = printable(field, _LONGEST_FIELD)
    document |= getattr(error, "more", {})
    document["requestId"] = request_id
    headers = dict(error.headers) if isinstance(error, HttpRefused) else {}
    if kind.retry_after_seconds is not None:
        headers["Retry-After"] = str(kind.retry_after_seconds)
    return respond(kind.status, json.dumps(document, ensure_ascii=False), headers, CONTENT_TYPE)


def is_unexpected(response: Response) -> bool:
    """Whether the fault is ours and belongs in the log with its traceback."""
    return response.status_code >= _SERVER_ERROR


def printable(text: str, longest: int) -> str:
    """What a caller wrote, short and safe to send back: a card number is not."""
    text = masked(text, "[redacted]")
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cut)
