import json
import threading
from typing import Any

import pytest

from paygate.domain import bank_statement, errors
from paygate.domain.errors import (
    Conflict,
    IdempotencyKeyReused,
    InvalidField,
    NotFound,
    OutcomeUnknown,
    PaygateError,
    StillRunning,
    Unavailable,
)
from paygate.http import errors as edge_errors
from paygate.http.edge import Api, Edge
from paygate.http.problems import KINDS
from paygate.http.request import Request
from paygate.http.responses import Response, respond
from paygate.ports import Allowance
from tests.unit.http_support import BEARER, Context, FakeApp, MemoryKeys, answer_of, bearer_key, event

KEY = [("authorization", BEARER)]


def edge(app: FakeApp, error: Exception | None = None) -> Edge[FakeApp]:
    api = Api[FakeApp]()

    @api.route("GET", "/payments/{paymentId}", scope="payments:read")
    def get(request: Request, _app: FakeApp) -> Response:
        if error is not None:
            raise error
        return respond(200, json.dumps({"saw": request.parameters["paymentId"]}))

    @api.route("GET", "/health", scope=None)
    def health(_request: Request, _app: FakeApp) -> Response:
        return respond(200, "{}")

    return api.on(lambda: app)


def call(
    app: FakeApp, *args: Any, error: Exception | None = None, **kwargs: Any
) -> tuple[int, dict[str, str], Any]:
    return answer_of(edge(app, error)(event(*args, **kwargs), Context()))  # type: ignore[arg-type]


def test_an_answer_carries_the_request_id_and_security_headers() -> None:
    status, headers, body = call(FakeApp(), "GET", "/payments/PAY_1", headers=KEY)
    assert (status, body) == (200, {"saw": "PAY_1"})
    assert headers["X-Request-Id"] == "request-1"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"] == "application/json"


def test_the_path_is_decoded_once() -> None:
    _, _, body = call(FakeApp(), "GET", "/payments/a%2Fb%2520%E8%AE%A2", headers=KEY)
    assert body == {"saw": "a/b%20订"}


def test_a_slash_at_the_end_changes_nothing() -> None:
    assert call(FakeApp(), "GET", "/payments/PAY_1/", headers=KEY)[0] == 200


def test_no_key_is_401_and_says_how() -> None:
    status, headers, body = call(FakeApp(), "GET", "/payments/PAY_1")
    assert (status, body["code"]) == (401, "unauthenticated")
    assert headers["WWW-Authenticate"].startswith("Bearer")
    assert headers["Content-Type"] == "application/problem+json"


def test_a_key_without_the_scope_is_403() -> None:
    app = FakeApp(keys=MemoryKeys(bearer_key("refunds:write")))
    status, _, body = call(app, "GET", "/payments/PAY_1", headers=KEY)
    assert (status, body["code"]) == (403, "forbidden")


def test_an_open_route_needs_no_key() -> None:
    assert call(FakeApp(keys=MemoryKeys()), "GET", "/health")[0] == 200


def test_what_is_left_of_the_limit_is_told_even_with_an_error() -> None:
    app = FakeApp()
    app.limiter.allowance = Allowance(limit=10, remaining=3, reset_seconds=42, is_allowed=True)
    status, headers, _ = call(app, "GET", "/payments/PAY_1", headers=KEY, error=NotFound("no such payment"))
    assert status == 404
    assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"], headers["RateLimit-Reset"]) == (
        "10",
        "3",
        "42",
    )


def test_beyond_the_limit_is_429() -> None:
    app = FakeApp()
    app.limiter.allowance = Allowance(limit=10, remaining=0, reset_seconds=42, is_allowed=False)
    status, headers, body = call(app, "GET", "/payments/PAY_1", headers=KEY)
    assert (status, body["code"], headers["Retry-After"]) == (429, "rate_limited", "42")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidField("amount", "must be more than zero"), 400, "invalid_field"),
        (NotFound("no such payment"), 404, "not_found"),
        (StillRunning(), 409, "request_in_progress"),
        (Conflict("row 17 of payments"), 409, "conflict"),
        (IdempotencyKeyReused(), 422, "idempotency_key_reused"),
        (OutcomeUnknown("timeout at 10.0.0.7"), 503, "outcome_unknown"),
        (Unavailable("10.0.0.7:5432 refused"), 503, "unavailable"),
        (RuntimeError("10.0.0.7 secret"), 500, "internal_error"),
        (PaygateError("10.0.0.7 secret"), 500, "internal_error"),
    ],
)
def test_every_error_has_its_problem(error: Exception, status: int, code: str) -> None:
    answered, headers, body = call(FakeApp(), "GET", "/payments/PAY_1", headers=KEY, error=error)
    assert (answered, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"urn:paygate:problem:{code}"
    assert body["requestId"] == headers["X-Request-Id"]
    assert ("Retry-After" in headers) == (status in (409, 503))
    assert "10.0.0.7" not in json.dumps(body)


def test_a_field_is_named() -> None:
    _, _, body = call(FakeApp(), "GET", "/payments/P", headers=KEY, error=InvalidField("paymentIds[3]", "is odd"))
    assert (body["field"], body["detail"]) == ("paymentIds[3]", "paymentIds[3]: is odd")


def test_what_a_caller_wrote_comes_back_short_and_harmless() -> None:
    hostile = InvalidField("\ud800\x00\x1b[31m" + "x" * 100_000, "is not a field")
    _, _, body = call(FakeApp(), "GET", "/payments/P", headers=KEY, error=hostile)
    assert len(json.dumps(body)) < 1_000
    assert body["field"].isprintable()


def test_an_unknown_path_is_404_and_a_known_one_405() -> None:
    status, headers, body = call(FakeApp(), "GET", "/nowhere")
    assert (status, body["code"], headers["X-Request-Id"]) == (404, "not_found", "request-1")
    status, headers, body = call(FakeApp(), "DELETE", "/payments/PAY_1")
    assert (status, body["code"], headers["Allow"]) == (405, "method_not_allowed", "GET")


def test_a_body_that_is_too_large_is_413() -> None:
    status, _, body = call(FakeApp(), "GET", "/payments/P", headers=KEY, body=b"x" * 65_537)
    assert (status, body["code"]) == (413, "body_too_large")


def test_a_body_that_is_no_base64_is_400() -> None:
    broken = event("GET", "/payments/P", headers=KEY, body=b"x") | {"isBase64Encoded": True, "body": "%%%"}
    assert edge(FakeApp())(broken, Context())["statusCode"] == 400  # type: ignore[arg-type]


def test_many_at_once_each_get_their_own_answer() -> None:
    handler = edge(FakeApp())
    wrong: list[str] = []

    def ask(own: int) -> None:
        for count in range(50):
            path = f"/payments/{own}-{count}"
            sent = event("GET", path, headers=KEY)
            sent["requestContext"]["requestId"] = path
            answer = handler(sent, Context())  # type: ignore[arg-type]
            if json.loads(answer["body"]) != {"saw": f"{own}-{count}"}:
                wrong.append(path)
            if answer["multiValueHeaders"]["X-Request-Id"] != [path]:
                wrong.append(path)

    threads = [threading.Thread(target=ask, args=(own,)) for own in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_every_error_of_ours_has_a_kind() -> None:
    found = {
        kind.code
        for module in (errors, edge_errors, bank_statement)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, PaygateError)
    }
    assert found == set(KINDS)
