"""GET /health, and for callers with a key GET /health?deep=true"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate import bootstrap
from paygate.http.auth import ANY_KEY
from paygate.http.edge import Api
from paygate.http.health import DeepHealth
from paygate.http.queries import read_flag
from paygate.http.responses import Response, respond

if TYPE_CHECKING:
    from paygate.http.request import Request

api = Api[bootstrap.App]()
deep_health = DeepHealth()


@api.route("GET", "/health", scope=lambda request: ANY_KEY if read_flag(request, "deep") else None)
def get_health(request: Request, app: bootstrap.App) -> Response:
    if not read_flag(request, "deep"):
        return respond(200, '{"status":"ok"}')
    return respond(*deep_health(app.probes, app.clock))


lambda_handler = api.on(bootstrap.app)
