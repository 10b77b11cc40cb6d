"""Bank statements and transfers at the edge: files as they are sent, and what comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from paygate.domain.events import iso
from paygate.http.errors import MalformedBody, UnsupportedMediaType
from paygate.http.fields import Fields
from paygate.http.json_body import read_object
from paygate.http.queries import Query
from paygate.http.responses import Response, respond

if TYPE_CHECKING:
    from paygate.http.request import Request
    from paygate.ports import Page, UploadForm
    from paygate.services.import_statement import Imported

MEDIA_TYPES = ("application/xml", "text/xml", "text/csv", "application/octet-stream")
IMPORT_PARAMETERS = frozenset({"account"})
TRANSFER_PARAMETERS = frozenset({"matched", "limit", "cursor"})
UPLOAD_FIELDS = frozenset({"account"})
ASSIGN_FIELDS = frozenset({"paymentId"})
LONGEST_ACCOUNT = 64


def read_file(request: Request) -> tuple[bytes, str | None]:
    """The file's bytes, and the account that it is of where it does not say."""
    account = Query(request, IMPORT_PARAMETERS).text("account", longest=LONGEST_ACCOUNT)
    media_type = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise UnsupportedMediaType(f"send the file as {', '.join(MEDIA_TYPES[:-1])} or {MEDIA_TYPES[-1]}")
    if not request.body:
        raise MalformedBody("the file is empty")
    return request.body, account


def read_upload(request: Request) -> str | None:
    return Fields(read_object(request), UPLOAD_FIELDS).optional_text("account", longest=LONGEST_ACCOUNT)


def read_assignment(request: Request) -> str:
    return Fields(read_object(request), ASSIGN_FIELDS).text("paymentId", longest=LONGEST_ACCOUNT)


def read_transfers(request: Request) -> tuple[int, str | None, bool | None]:
    """Limit, cursor, and whether only those with a payment are wanted, or only those without."""
    query = Query(request, TRANSFER_PARAMETERS)
    matched = query.choice("matched", ("true", "false"))
    return query.limit(), query.cursor(), None if matched is None else matched == "true"


def imported(done: Imported) -> Response:
    """201; 202 while it waits for approval; 200 with the first one's document when the file was here before."""
    document = json.loads(done.document)
    headers = {"Location": f"/bank-statements/{document['statementId']}"}
    if done.is_repeat:
        return respond(200, done.document, {**headers, "Idempotent-Replayed": "true"})
    return respond(201 if document["state"] == "IMPORTED" else 202, done.document, headers)


def announced(statement_id: str, form: UploadForm) -> Response:
    document = {
        "statementId": statement_id,
        "url": form.url,
        "fields": dict(form.fields),
        "maxBytes": form.max_bytes,
        "expiresAt": iso(form.expires_at),
    }
    return respond(201, json.dumps(document), {"Location": f"/bank-statements/{statement_id}"})


def listed(name: str, page: Page) -> Response:
    documents = ",".join(page.documents)
    return respond(200, f'{{"{name}":[{documents}],"nextCursor":{json.dumps(page.next_cursor)}}}')
