"""POST /payments/{paymentId}/capture"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http.bodies import read_capture
from paygate.http.edge import Api
from paygate.http.json_body import read_object
from paygate.http.queries import no_query
from paygate.http.responses import Response, respond

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()


@api.route("POST", "/payments/{paymentId}/capture", scope="payments:write")
def capture_payment(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    read_capture(read_object(request))
    return respond(200, app.payments.capture_payment(request.id_at("paymentId", "PAY")))


lambda_handler = api.on(bootstrap.app)
