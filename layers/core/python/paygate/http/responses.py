"""Answers. Documents arrive as text, so lists of them are joined and never parsed again."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeAlias

from aws_lambda_powertools.event_handler import Response as PowertoolsResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paygate.ports import Page

Response: TypeAlias = "PowertoolsResponse[str]"

JSON_TYPE = "application/json"
_RESOURCE = re.compile(r'"(?:paymentId|refundId)"\s*:\s*"((?:PAY|REF)_[0-9A-Z]{26})"')
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}


def respond(
    status: int, body: str, headers: Mapping[str, str] | None = None, content_type: str = JSON_TYPE
) -> Response:
    return PowertoolsResponse(status, content_type, body, dict(headers or {}))


def first_id(document: str, prefix: str) -> str | None:
    """The id that a document begins with."""
    match = _RESOURCE.search(document)
    return match.group(1) if match and match.group(1).startswith(prefix) else None


def page_body(page: Page) -> str:
    """`{"payments":[…],"nextCursor":…}`."""
    return f'{{"payments":[{",".join(page.documents)}],"nextCursor":{json.dumps(page.next_cursor)}}}'


def batch_body(asked: Sequence[str], found: Mapping[str, str]) -> str:
    """`{"payments":[…],"notFound":[…]}`, both in the order asked."""
    documents = ",".join(found[payment_id] for payment_id in asked if payment_id in found)
    missing = json.dumps([payment_id for payment_id in asked if payment_id not in found], ensure_ascii=False)
    return f'{{"payments":[{documents}],"notFound":{missing}}}'
