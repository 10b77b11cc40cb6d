"""POST /payments/{paymentId}/claims"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http.bodies import read_claim
from paygate.http.edge import Api
from paygate.http.json_body import read_object
from paygate.http.queries import no_query
from paygate.http.responses import Response, respond

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()


@api.route("POST", "/payments/{paymentId}/claims", scope="payments:write")
def claim_transaction(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    tx_id = read_claim(read_object(request))
    return respond(200, app.payments.claim_transaction(request.id_at("paymentId", "PAY"), tx_id, request.caller))


lambda_handler = api.on(bootstrap.app)
