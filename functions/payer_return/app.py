"""GET and POST /return/{paymentId}: UnionPay posts a form here in the payer's browser, other rails send a GET."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http.edge import Api
from paygate.http.pages import state_page
from paygate.http.responses import Response, respond

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()


@api.route("GET", "/return/{paymentId}", scope=None)
@api.route("POST", "/return/{paymentId}", scope=None)
def come_back(request: Request, app: bootstrap.App) -> Response:
    """Whatever came with the request is left unread."""
    returned = app.payments.payer_returned(request.id_at("paymentId", "PAY"))
    if returned.return_url is not None:
        return respond(303, "", {"Location": returned.return_url}, "text/plain")
    return respond(200, state_page(returned.state), content_type="text/html; charset=utf-8")


lambda_handler = api.on(bootstrap.app)
