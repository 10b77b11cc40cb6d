"""POST /payments"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http.answers import written
from paygate.http.bodies import read_create
from paygate.http.card_numbers import refuse_in_create
from paygate.http.edge import Api
from paygate.http.idempotency import required_claim
from paygate.http.json_body import read_object
from paygate.http.queries import no_query

if TYPE_CHECKING:
    from paygate.http.request import Request
    from paygate.http.responses import Response

api = Api[bootstrap.App]()


@api.route("POST", "/payments", scope="payments:write")
def create_payment(request: Request, app: bootstrap.App) -> Response:
    body = read_object(request)
    refuse_in_create(request, body)  # first of all: nothing that could quote it comes before
    no_query(request)
    claim = required_claim(request, body)
    command = read_create(body, request.id)
    return written(app.payments.create_payment(command, claim), "/payments/{}", "PAY")


lambda_handler = api.on(bootstrap.app)
