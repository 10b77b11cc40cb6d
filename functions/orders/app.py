"""GET /orders/{orderId}/payments and GET /payments"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http.bodies import LONGEST_ID, method_names
from paygate.http.edge import Api
from paygate.http.fields import text
from paygate.http.queries import read_list, read_page
from paygate.http.responses import Response, page_body, respond

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()


@api.route("GET", "/orders/{orderId}/payments", scope="payments:read")
def get_order_payments(request: Request, app: bootstrap.App) -> Response:
    order_id = text("orderId", request.parameters["orderId"], longest=LONGEST_ID)
    return respond(200, page_body(app.payments.get_order_payments(order_id, *read_page(request))))


@api.route("GET", "/payments", scope="payments:read")
def list_payments(request: Request, app: bootstrap.App) -> Response:
    return respond(200, page_body(app.payments.list_payments(*read_list(request, method_names()))))


lambda_handler = api.on(bootstrap.app)
