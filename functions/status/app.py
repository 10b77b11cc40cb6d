"""GET /payments/{paymentId} and GET /refunds/{refundId}"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http.edge import Api
from paygate.http.queries import no_query, read_flag
from paygate.http.responses import Response, respond

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()


@api.route("GET", "/payments/{paymentId}", scope="payments:read")
def get_payment(request: Request, app: bootstrap.App) -> Response:
    is_fresh = read_flag(request, "refresh")
    return respond(200, app.payments.get_payment_status(request.id_at("paymentId", "PAY"), refresh=is_fresh))


@api.route("GET", "/refunds/{refundId}", scope="payments:read")
def get_refund(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    return respond(200, app.payments.get_refund(request.id_at("refundId", "REF")))


lambda_handler = api.on(bootstrap.app)
