"""API Gateway's part: HTTP on loopback, routes from `template.yaml`, the real handlers behind them.

The server is chalice's local one; its event, its header handling and its errors are replaced, because they
are not a REST API's.
"""

import json
import os
import signal
import sys
import threading
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
CODES = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large"}  # its name changed with Python 3.13


class Gateway:
    def __init__(self, template: Template, environments: Environments) -> None:
        self._router = Router(template)
        self._events = RestEvents(template.binary_types)
        self._environments = environments

    def handle(self, request: Request) -> Response:
        try:
            function, resource, parameters = self._router.match(request.method, request.path)
            event = self._events.build(request, resource, parameters)
            if len(json.dumps(event)) > MAX_EVENT_BYTES:
                return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            answer = self._environments.invoke(function, event)
            return self._events.answer(answer, request.header("accept"))
        except NoSuchRoute as unknown:
            if not unknown.allowed:
                return problem(HTTPStatus.NOT_FOUND)
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, [("Allow", ", ".join(unknown.allowed))])
        except Throttled:
            return problem(HTTPStatus.TOO_MANY_REQUESTS, [("Retry-After", "1")])
        except (FunctionFailed, MalformedAnswer) as failure:
            print(f"{request.method} {request.path}: {failure!r}", file=sys.stderr)
            return problem(HTTPStatus.BAD_GATEWAY)


def problem(status: HTTPStatus, headers: list[tuple[str, str]] | None = None) -> Response:
    """The same document that the template's gateway responses give on AWS."""
    code = CODES.get(status, status.name.lower())
    document = {"type": "about:blank", "title": status.phrase, "status": int(status), "code": code}
    content_type = ("Content-Type", "application/problem+json")
    return Response(int(status), [content_type, *(headers or [])], json.dumps(document).encode())


class BadRequest(Exception):
    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


class Handler(ChaliceRequestHandler):  # type: ignore[misc]
    """One connection. `app_object` is the gateway."""

    timeout = IDLE_SECONDS
    command = ""
    disable_nagle_algorithm = True

    def __init__(
        self, request: Any, client_address: Any, server: Any, app_object: Gateway, config: Any
    ) -> None:
        del config
        self._gateway = app_object
        super(ChaliceRequestHandler, self).__init__(request, client_address, server)

    def _generic_handle(self) -> None:
        try:
            body = self._read_body()
        except BadRequest as bad:
            self.close_connection = True
            self._send(problem(bad.status))
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
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        return self._read_exactly(int(text))

    def _read_exactly(self, length: int) -> bytes:
        if length > MAX_BODY_BYTES:
            raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body: bytes = self.rfile.read(length)
        if len(body) < length:
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        return body

    def _read_chunks(self) -> bytes:
        body = b""
        while True:
            size_text = self.rfile.readline(100).partition(b";")[0].strip()
            try:
                size = int(size_text, 16)
            except ValueError:
                raise BadRequest(HTTPStatus.BAD_REQUEST) from None
            if size <= 0:
                break
            if len(body) + size > MAX_BODY_BYTES:
                raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
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


class Server(ThreadedHTTPServer):  # type: ignore[misc]
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(template: Template, port: int, concurrency: int) -> LocalDevServer:
    environments = Environments(concurrency)
    environments.warm([function for function in template.functions if function.routes], min(2, concurrency))
    return LocalDevServer(Gateway(template, environments), None, HOST, port, Handler, Server)


def main() -> None:
    template = read_template(Path(os.environ.get("TEMPLATE", "template.yaml")))
    for name, value in template.variables.items():
        os.environ.setdefault(name, value)
    server = serve(template, int(os.environ["PORT"]), int(os.environ.get("LOCAL_CONCURRENCY", "10")))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main()
