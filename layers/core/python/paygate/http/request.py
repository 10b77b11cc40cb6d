"""A REST API event (payload format 1.0) as the request that the caller sent."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

from paygate.domain import ids
from paygate.domain.errors import InvalidField, NotFound
from paygate.http.errors import BodyTooLarge, MalformedBody

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """Header names are in lower case; `path` has no stage and stays percent-encoded, `sent_path` is whole.

    `query` is decoded, as API Gateway gives it; `parameters` are the decoded variable parts of the path;
    `caller` is the id of the key that was let in.
    """

    method: str
    path: str
    sent_path: str
    headers: Mapping[str, Sequence[str]]
    query: Mapping[str, Sequence[str]]
    body: bytes
    id: str
    parameters: Mapping[str, str]
    caller: str = ""

    def header(self, name: str) -> str | None:
        """The value of a header that may come once; raises InvalidField when it comes twice."""
        values = self.headers.get(name.lower(), ())
        if len(values) > 1:
            raise InvalidField(name, "must be sent once")
        return values[0] if values else None

    def id_at(self, parameter: str, prefix: str) -> str:
        """The id in the path; what cannot be one is not looked up: raises NotFound."""
        found = self.parameters[parameter]
        if not ids.is_id(prefix, found):
            raise NotFound("there is nothing with this id")
        return found


def read_request(event: Mapping[str, Any], parameters: Mapping[str, str], largest: int = MAX_BODY_BYTES) -> Request:
    """Read a normal event with a body of at most `largest` bytes; `parameters` as they stand in the path.

    Raises MalformedBody or BodyTooLarge.
    """
    path = event["path"]
    return Request(
        method=event["httpMethod"],
        path=path,
        sent_path=event["requestContext"].get("path") or path,
        headers=_many(event.get("multiValueHeaders"), event.get("headers"), str.lower),
        query=_many(event.get("multiValueQueryStringParameters"), event.get("queryStringParameters"), str),
        body=_body(event, largest),
        id=request_id(event),
        parameters={name: unquote(value) for name, value in parameters.items()},
    )


def normal(event: dict[str, Any]) -> dict[str, Any]:
    """The event with an id of the request, and without a slash at the end of its path."""
    context = event.get("requestContext") or {}
    own_id = context.get("requestId") or str(uuid4())
    path = (event.get("path") or "/").rstrip("/") or "/"
    return {**event, "path": path, "requestContext": {**context, "requestId": own_id}}


def request_id(event: Mapping[str, Any]) -> str:
    """API Gateway's id of the request; it is in the answer, the log and the events."""
    own_id: str = event["requestContext"]["requestId"]
    return own_id


def _many(many: Any, single: Any, fold: Any) -> dict[str, list[str]]:
    given = many or {name: [value] for name, value in (single or {}).items()}
    folded: dict[str, list[str]] = {}
    for name, values in given.items():
        folded.setdefault(fold(name), []).extend(values)
    return folded


def _body(event: Mapping[str, Any], largest: int) -> bytes:
    body = event.get("body") or ""
    if len(body) > 2 * largest:
        raise _too_large(largest)
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise MalformedBody("the body does not decode") from None
    if len(raw) > largest:
        raise _too_large(largest)
    return raw


def _too_large(largest: int) -> BodyTooLarge:
    return BodyTooLarge(f"a body is at most {largest} bytes")
