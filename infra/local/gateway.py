"""API Gateway's part: HTTP on loopback, routes from `template.yaml`, the real handlers behind them.

The server is chalice's local one; its event, its header handling and its errors are replaced, because they
are not a REST API's.
"""

import json
import os
import signal
import sys
import threading
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from chalice.local import ChaliceRequestHandler, LocalDevServer, ThreadedHTTPServer

from infra.local.environments import Environments, FunctionFailed, Throttled
from infra.local.ports import HOST
from infra.local.rest_event import MalformedAnswer, NoSuchRoute, Request, Response, RestEvents, Router
from infra.local.template import Template, read_template

MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_EVENT_BYTES = 6 * 1024 * 1024  # Lambda's limit for a synchronous invocation
IDLE_SECONDS = 75
MAX_DISCARDED_BYTES = 64 * 1024 * 1024
STATUSES = {
    "MISSING_AUTHENTICATION_TOKEN": HTTPStatus.NOT_FOUND,
    "BAD_REQUEST_BODY": HTTPStatus.BAD_REQUEST,
    "REQUEST_TOO_LARGE": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "THROTTLED": HTTPStatus.TOO_MANY_REQUESTS,
    "INTEGRATION_FAILURE": HTTPStatus.BAD_GATEWAY,
}


class Gateway:
    def __init__(self, template: Template, environments: Environments) -> None:
        self._router = Router(template)
        self._refusals = template.refusals
        self._events = RestEvents(template.binary_types)
        self._environments = environments

    def handle(self, request: Request) -> Response:
        try:
            function, resource, parameters = self._router.match(request.method, request.path)
            event = self._events.build(request, resource, parameters)
            if len(json.dumps(event)) > MAX_EVENT_BYTES:
                return self.refuse("REQUEST_TOO_LARGE")
            answer = self._environments.invoke(function, event)
            return self._events.answer(answer, request.header("accept"))
        except NoSuchRoute as unknown:
            if unknown.allowed:  # the one place where this is kinder than API Gateway, which says 404
                return problem(HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": ", ".join(unknown.allowed)})
            return self.refuse("MISSING_AUTHENTICATION_TOKEN")
        except Throttled:
            return self.refuse("THROTTLED")
        except (FunctionFailed, MalformedAnswer) as failure:
            print(f"{request.method} {request.path}: {failure!r}", file=sys.stderr)
            return self.refuse("INTEGRATION_FAILURE")

    def refuse(self, kind: str) -> Response:
        """What API Gateway says by itself, in the words of the template's gateway responses."""
        refusal = self._refusals.get(kind)
        if refusal is None:
            return problem(STATUSES[kind])
        body = refusal.body.replace("$context.requestId", str(uuid.uuid4())).encode()
        return Response(refusal.status or int(STATUSES[kind]), list(refusal.headers.items()), body)


def problem(status: HTTPStatus, headers: Mapping[str, str] | None = None) -> Response:
    code = status.name.lower()
    document = {"type": "about:blank", "title": status.phrase, "status": int(status), "code": code}
    all_headers = {"Content-Type": "application/problem+json", **(headers or {})}
    return Response(int(status), list(all_headers.items()), json.dumps(document).encode())


class Unreadable(Exception):
    """`kind` is the gateway response that tells why."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Handler(ChaliceRequestHandler):
    """One connection. `app_object` is the gateway."""

    timeout = IDLE_SECONDS
    command = ""
    disable_nagle_algorithm = True

    def __init__(self, request: Any, client_address: Any, server: Any, app_object: Gateway, config: Any) -> None:
        del config
        self._gateway = app_object
        super(ChaliceRequestHandler, self).__init__(request, client_address, server)

    def _generic_handle(self) -> None:
        try:
            body = self._read_body()
        except Unreadable as reason:
            self.close_connection = True
            self._send(self._gateway.refuse(reason.kind))
            return
        request = Request(self.command, self.path, self.headers.items(), body, self.client_address[0])
        self._send(self._gateway.handle(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _generic_handle  # noqa: N815

    def __getattr__(self, name: str) -> Any:
        """Methods that HTTP does not know come here too: the routes decide."""
        if name.startswith("do_"):
            return self._generic_handle
        raise AttributeError(name)

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return self._read_chunks()
        text = self.headers.get("content-length", "0").strip()
        if not (text.isascii() and text.isdigit()):
            raise Unreadable("BAD_REQUEST_BODY")
        return self._read_exactly(int(text))

    def _read_exactly(self, length: int) -> bytes:
        if length > MAX_BODY_BYTES:
            self._discard(length)
            raise Unreadable("REQUEST_TOO_LARGE")
        body: bytes = self.rfile.read(length)
        if len(body) < length:
            raise Unreadable("BAD_REQUEST_BODY")
        return body

    def _discard(self, length: int) -> None:
        """A client that is still sending does not see the answer."""
        for _ in range(min(length, MAX_DISCARDED_BYTES) >> 20):
            self.rfile.read(1 << 20)

    def _read_chunks(self) -> bytes:
        body = b""
        while True:
            size_text = self.rfile.readline(100).partition(b";")[0].strip()
            try:
                size = int(size_text, 16)
            except ValueError:
                raise Unreadable("BAD_REQUEST_BODY") from None
            if size <= 0:
                break
            if len(body) + size > MAX_BODY_BYTES:
                raise Unreadable("REQUEST_TOO_LARGE")
            body += self._read_exactly(size)
            self.rfile.readline(3)
        while self.rfile.readline(65537) not in (b"\r\n", b"\n", b""):
            pass
        return body

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        has_body = response.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        if has_body:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if has_body and self.command != "HEAD":
            self.wfile.write(response.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """For what http.server refuses by itself: a bad request line, long headers."""
        self.close_connection = True
        self.command = self.command or ""
        self.request_version = "HTTP/1.1"
        self._send(problem(HTTPStatus(code)))

    def version_string(self) -> str:
        return "paygate-local"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the parent's name)
        """Functions log their requests themselves."""


class Server(ThreadedHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(template: Template, port: int, concurrency: int) -> LocalDevServer:
    environments = Environments(concurrency)
    environments.warm([function for function in template.functions if function.routes], min(2, concurrency))
    gateway: Any = Gateway(template, environments)
    no_config: Any = None
    return LocalDevServer(gateway, no_config, HOST, port, Handler, Server)


def main() -> None:
    template = read_template(Path(os.environ.get("TEMPLATE", "template.yaml")))
    for name, value in template.variables.items():
        os.environ.setdefault(name, value)
    server = serve(template, int(os.environ["PORT"]), int(os.environ.get("LOCAL_CONCURRENCY", "10")))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main()
