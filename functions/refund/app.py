"""POST /payments/{paymentId}/refunds"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http.answers import written
from paygate.http.bodies import read_refund
from paygate.http.card_numbers import refuse_in
from paygate.http.edge import Api
from paygate.http.idempotency import required_claim
from paygate.http.json_body import read_object
from paygate.http.queries import no_query

if TYPE_CHECKING:
    from paygate.http.request import Request
    from paygate.http.responses import Response

api = Api[bootstrap.App]()


@api.route("POST", "/payments/{paymentId}/refunds", scope="refunds:write")
def refund_payment(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    body = read_object(request)
    refuse_in(body, "reason")
    claim = required_claim(request, body)
    command = read_refund(body, request.id_at("paymentId", "PAY"), request.id, request.caller)
    return written(app.payments.refund_payment(command, claim), "/refunds/{}", "REF")


lambda_handler = api.on(bootstrap.app)
