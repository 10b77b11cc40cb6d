"""POST /payments/batch"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.domain import ids
from paygate.http.bodies import read_batch
from paygate.http.edge import Api
from paygate.http.json_body import read_object
from paygate.http.queries import no_query
from paygate.http.responses import Response, batch_body, respond

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()


@api.route("POST", "/payments/batch", scope="payments:read")
def batch_payments(request: Request, app: bootstrap.App) -> Response:
    no_query(request)
    asked = read_batch(read_object(request))
    possible = [payment_id for payment_id in dict.fromkeys(asked) if ids.is_id("PAY", payment_id)]
    found = app.payments.batch_get_payment_status(possible)
    return respond(200, batch_body(asked, found))


lambda_handler = api.on(bootstrap.app)
