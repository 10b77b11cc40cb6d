"""GET /transfers, POST /transfers/{transferId}/assign, GET /cases, POST /cases/{caseId}/close"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http import statements
from paygate.http.edge import Api
from paygate.http.json_body import no_fields
from paygate.http.queries import no_query, read_page
from paygate.http.responses import Response, respond

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()


@api.route("GET", "/transfers", scope="statements:write")
def list_transfers(request: Request, app: bootstrap.App) -> Response:
    limit, cursor, is_matched = statements.read_transfers(request)
    return statements.listed("transfers", app.statements.transfers(limit, cursor, is_matched=is_matched))


@api.route("POST", "/transfers/{transferId}/assign", scope="statements:write")
def assign_transfer(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    payment_id = statements.read_assignment(request)
    return respond(200, app.statements.assign(request.id_at("transferId", "TRF"), payment_id, request.caller))


@api.route("GET", "/cases", scope="payments:read")
def list_cases(request: Request, app: bootstrap.App) -> Response:
    return statements.listed("cases", app.statements.cases(*read_page(request)))


@api.route("POST", "/cases/{caseId}/close", scope="payments:write")
def close_case(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    no_fields(request)
    return respond(200, app.statements.close_case(request.id_at("caseId", "CASE"), request.caller))


lambda_handler = api.on(bootstrap.app)
