"""POST /payments/{paymentId}/cancel"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http.bodies import read_cancel
from paygate.http.edge import Api
from paygate.http.json_body import read_object
from paygate.http.queries import no_query
from paygate.http.responses import Response, respond

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()


@api.route("POST", "/payments/{paymentId}/cancel", scope="payments:write")
def cancel_payment(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    read_cancel(read_object(request))
    return respond(200, app.payments.cancel_payment(request.id_at("paymentId", "PAY")))


lambda_handler = api.on(bootstrap.app)
