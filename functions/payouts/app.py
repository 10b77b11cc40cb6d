"""POST /refunds/{refundId}/transaction, POST /refunds/{refundId}/broadcast, POST /refunds/{refundId}/approval"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http.bodies import read_broadcast, read_transaction
from paygate.http.edge import Api
from paygate.http.json_body import no_fields, read_object
from paygate.http.queries import no_query
from paygate.http.responses import Response, respond
from paygate.services.pay_out import payout_document

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()


@api.route("POST", "/refunds/{refundId}/transaction", scope="refunds:write")
def prepare_transaction(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    replaces = read_transaction(read_object(request))
    payout = app.pay_out.prepare(request.id_at("refundId", "REF"), replaces=replaces)
    return respond(200, payout_document(payout))


@api.route("POST", "/refunds/{refundId}/broadcast", scope="refunds:write")
def broadcast_transaction(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    signed = read_broadcast(read_object(request))
    payout = app.pay_out.broadcast(request.id_at("refundId", "REF"), signed)
    return respond(200, payout_document(payout))


@api.route("POST", "/refunds/{refundId}/approval", scope="refunds:write")
def approve_refund(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    no_fields(request)
    return respond(200, app.approve_refund(request.id_at("refundId", "REF"), request.caller))


lambda_handler = api.on(bootstrap.app)
