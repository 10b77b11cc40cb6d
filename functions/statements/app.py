"""POST and GET /bank-statements, POST /bank-statements/uploads, POST /bank-statements/{statementId}/approve"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http import statements
from paygate.http.edge import Api
from paygate.http.json_body import no_fields
from paygate.http.queries import no_query, read_page
from paygate.http.responses import Response, respond
from paygate.services.import_statement import MAX_BODY_BYTES

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()
SCOPE = "statements:write"


@api.route("POST", "/bank-statements", scope=SCOPE, largest=MAX_BODY_BYTES)
def import_statement(request: Request, app: bootstrap.App) -> Response:
    body, account = statements.read_file(request)
    return statements.imported(app.statements.import_file(body, request.caller, account))


@api.route("POST", "/bank-statements/uploads", scope=SCOPE)
def announce_upload(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    return statements.announced(*app.statements.announce(request.caller, statements.read_upload(request)))


@api.route("GET", "/bank-statements", scope=SCOPE)
def list_statements(request: Request, app: bootstrap.App) -> Response:
    return statements.listed("bankStatements", app.statements.statements(*read_page(request)))


@api.route("GET", "/bank-statements/{statementId}", scope=SCOPE)
def get_statement(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    return respond(200, app.statements.statement(request.id_at("statementId", "BST")))


@api.route("POST", "/bank-statements/{statementId}/approve", scope=SCOPE)
def approve_statement(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    no_fields(request)
    return respond(200, app.statements.approve(request.id_at("statementId", "BST"), request.caller))


lambda_handler = api.on(bootstrap.app)
