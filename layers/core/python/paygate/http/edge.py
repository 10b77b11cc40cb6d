"""What every HTTP function shares, so that a handler is translation only.

An `Api` collects a function's routes; `Api.on` binds them to the application and gives Lambda's handler,
which reads the event, lets the caller in, sets the time budget, and turns errors into problem documents.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from paygate import budget, snapshots
from paygate.http import problems
from paygate.http.errors import MethodNotAllowed, RouteNotFound
from paygate.http.guard import Guard, Guarded
from paygate.http.request import MAX_BODY_BYTES, Request, normal, read_request, request_id
from paygate.http.resolver import Resolvers
from paygate.http.responses import SECURITY_HEADERS, Response
from paygate.observability import logger, traced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_lambda_powertools.event_handler import APIGatewayRestResolver
    from aws_lambda_powertools.utilities.typing import LambdaContext

ANSWERING_SECONDS = 2.0
"""What is kept of an invocation's time for the answer, when everything outside is slow."""

A = TypeVar("A", bound=Guarded)
Scope: TypeAlias = str | Callable[[Request], str | None] | None


@dataclass(frozen=True, slots=True)
class Route(Generic[A]):
    method: str
    path: str
    scope: Scope
    run: Callable[[Request, A], Response]
    largest: int = MAX_BODY_BYTES

    def scope_for(self, request: Request) -> str | None:
        return self.scope(request) if callable(self.scope) else self.scope

    def is_at(self, path: str) -> bool:
        return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", self.path), path) is not None


class Api(Generic[A]):
    """The routes of one function."""

    def __init__(self) -> None:
        self.routes: list[Route[A]] = []

    def route(
        self, method: str, path: str, *, scope: Scope, largest: int = MAX_BODY_BYTES
    ) -> Callable[[Callable[[Request, A], Response]], Callable[[Request, A], Response]]:
        """Register a handler. `path` is written as API Gateway does: `/payments/{paymentId}`.

        `scope` is what the caller's key must carry, or decides it by the request; None: anybody may call.
        `largest` bounds the body, in bytes.
        """

        def register(run: Callable[[Request, A], Response]) -> Callable[[Request, A], Response]:
            self.routes.append(Route(method, path, scope, run, largest))
            return run

        return register

    def on(self, application: Callable[[], A]) -> Edge[A]:
        """Lambda's handler over an application, which is asked for at the first request."""
        return Edge(self.routes, application)


class Edge(Generic[A]):
    """Answers every event. Only here is every exception caught."""

    def __init__(self, routes: Sequence[Route[A]], application: Callable[[], A]) -> None:
        self._routes = routes
        self._application = application
        self._guard: Guard | None = None
        self._resolvers = Resolvers(self._mount)
        self._traced = traced(self._resolve)
        snapshots.after_restore(self.forget)

    def forget(self) -> None:
        """Ask for the application and for callers' keys anew."""
        self._guard = None

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        started = time.perf_counter()
        event = normal(event)
        log = logger()
        log.thread_safe_append_keys(request_id=request_id(event))
        try:
            with budget.limit(context.get_remaining_time_in_millis() / 1000 - ANSWERING_SECONDS):
                answer = self._traced(event, context)
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            route = f"{event['httpMethod']} {event.get('resource')}"
            log.info("answered", route=route, status=answer["statusCode"], milliseconds=milliseconds)
        finally:
            log.thread_safe_clear_keys()
        return answer

    def _resolve(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        return self._resolvers.mine().resolve(event, context)

    def _mount(self, resolver: APIGatewayRestResolver) -> None:
        for route in self._routes:
            rule = route.path.replace("{", "<").replace("}", ">")
            resolver.route(rule, method=route.method)(self._runner(resolver, route))
        resolver.not_found(self._nowhere(resolver))

    def _runner(self, resolver: APIGatewayRestResolver, route: Route[A]) -> Callable[..., Response]:
        def run(**parameters: str) -> Response:
            return self._answer(resolver.current_event.raw_event, route, parameters)

        return run

    def _nowhere(self, resolver: APIGatewayRestResolver) -> Callable[[Exception], Response]:
        def answer(_: Exception) -> Response:
            event = resolver.current_event.raw_event
            allowed = [route.method for route in self._routes if route.is_at(event["path"])]
            refused = MethodNotAllowed(allowed) if allowed else RouteNotFound()
            return _complete(problems.answer(refused, request_id(event)), request_id(event), {})

        return answer

    def _answer(self, event: dict[str, Any], route: Route[A], parameters: dict[str, str]) -> Response:
        own_id = request_id(event)
        headers: dict[str, str] = {}
        try:
            request = read_request(event, parameters, route.largest)
            if request.parameters:
                logger().thread_safe_append_keys(**logged(request.parameters))
            response = self._admitted(request, route, headers)
        except Exception as error:  # noqa: BLE001 (the outermost boundary: it logs and answers)
            response = problems.answer(error, own_id)
            _log(error, response)
        return _complete(response, own_id, headers)

    def _admitted(self, request: Request, route: Route[A], headers: dict[str, str]) -> Response:
        application = self._application()
        scope = route.scope_for(request)
        if scope is not None:
            if self._guard is None:
                self._guard = Guard(application)
            request = replace(request, caller=self._guard.admit(request, scope, headers))
        return route.run(request, application)


def logged(parameters: Mapping[str, str]) -> dict[str, str]:
    """The path's parameters under the log's names: `paymentId` → `payment_id`."""
    return {re.sub(r"([A-Z])", r"_\1", name).lower(): value[:64] for name, value in parameters.items()}


def _log(error: Exception, response: Response) -> None:
    if problems.is_unexpected(response):
        logger().exception("failed", exc_info=error)
    else:
        logger().info("refused", error=type(error).__name__, status=response.status_code)


def _complete(response: Response, own_id: str, headers: Mapping[str, str]) -> Response:
    response.headers.update({**SECURITY_HEADERS, "X-Request-Id": own_id, **headers})
    return response
