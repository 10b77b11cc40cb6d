"""POST /webhooks/{rail}"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http.edge import Api
from paygate.http.responses import Response, respond
from paygate.ports import CallbackRequest

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()


@api.route("POST", "/webhooks/{rail}", scope=None)
def handle_callback(request: Request, app: bootstrap.App) -> Response:
    callback = CallbackRequest(
        body=request.body,
        headers={name: ", ".join(values) for name, values in request.headers.items()},
        query={name: values[-1] for name, values in request.query.items()},
    )
    reply = app.payments.handle_payment_callback(request.parameters["rail"], callback)
    return respond(reply.status, reply.body, content_type=reply.content_type)


lambda_handler = api.on(bootstrap.app)
