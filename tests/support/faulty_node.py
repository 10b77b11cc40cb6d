"""A proxy before a node, or anything else over HTTP, that answers wrongly on demand.

with faulty(node.url) as node:
    node.fault = failing(503)             # for every request
    node.change = rpc(lambda method, params, result: None if method == "eth_getBlockByHash" else result)
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Asked:
    """One request as it came; `path` includes the query."""

    method: str
    path: str
    body: bytes

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The JSON-RPC calls in it."""
        content = json.loads(self.body)
        return content if isinstance(content, list) else [content]


@dataclass(frozen=True)
class Wrong:
    """An answer instead of the true one: after `seconds`, or none at all."""

    status: int = 200
    body: bytes = b""
    seconds: float = 0
    hangs_up: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RpcError:
    code: int
    message: str = "planted"


class FaultyNode:
    def __init__(self, target: str) -> None:
        self.target = target.rstrip("/")
        self.fault: Callable[[Asked], Wrong | None] = lambda _asked: None
        self.change: Callable[[Asked, bytes], bytes] = lambda _asked, body: body
        self.asked: list[Asked] = []
        self._session = requests.Session()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._session.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1  # head and body go out together

            def do_POST(self) -> None:
                asked = Asked(
                    self.command, self.path, self.rfile.read(int(self.headers.get("Content-Length") or 0))
                )
                node.asked.append(asked)
                wrong = node.fault(asked)
                with contextlib.suppress(OSError):
                    self._say(wrong if wrong is not None else self._true(asked))

            do_GET = do_POST  # noqa: N815

            def _true(self, asked: Asked) -> Wrong:
                names = ("Content-Type", "Authorization", "TRON-PRO-API-KEY")
                headers = {name: self.headers[name] for name in names if name in self.headers}
                url = node.target + ("" if asked.path == "/" else asked.path)
                found = node._session.request(asked.method, url, data=asked.body, headers=headers, timeout=30)
                kind = {"Content-Type": found.headers.get("Content-Type", "application/json")}
                return Wrong(found.status_code, node.change(asked, found.content), headers=kind)

            def _say(self, answer: Wrong) -> None:
                time.sleep(answer.seconds)
                if answer.hangs_up:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: Any) -> None: ...

        return Handler


@contextlib.contextmanager
def faulty(target: str) -> Iterator[FaultyNode]:
    node = FaultyNode(target)
    try:
        yield node
    finally:
        node.close()


def failing(status: int, body: bytes = b"") -> Callable[[Asked], Wrong | None]:
    return lambda _asked: Wrong(status, body)


# What decides nothing, whatever was asked; no value comes from the node.
NO_ANSWERS: dict[str, Wrong] = {
    "hangs up": Wrong(hangs_up=True),
    "too slow": Wrong(seconds=0.7, body=b"{}"),
    "too many requests": Wrong(429, b'{"error":"planted"}'),
    "server error": Wrong(500, b"planted"),
    "unavailable": Wrong(503),
    "forbidden": Wrong(403, b"planted"),
    "a page": Wrong(200, b"<html>planted</html>", headers={"Content-Type": "text/html"}),
    "nothing": Wrong(200, b""),
    "bytes": Wrong(200, b"\x00\xff\xfe"),
    "half": Wrong(200, b'{"jsonrpc":"2.0","id":0,"result":{"number"'),
    "a number": Wrong(200, b"5"),
    "a list": Wrong(200, b"[]"),
    "null": Wrong(200, b"null"),
    "an empty object": Wrong(200, b"{}"),
    "too deep": Wrong(200, b"[" * 100_000),
    "moved": Wrong(302, headers={"Location": "http://127.0.0.1:1/"}),
}


def rpc(change: Callable[[str, list[Any], Any], Any]) -> Callable[[Asked, bytes], bytes]:
    """Change the results of JSON-RPC calls, in batches as well; an RpcError becomes an error."""

    def changed(asked: Asked, body: bytes) -> bytes:
        content = json.loads(body)
        answers = content if isinstance(content, list) else [content]
        by_id = {each.get("id"): each for each in answers}
        for call in asked.calls:
            answer = by_id.get(call["id"])
            if answer is None or "result" not in answer:
                continue
            result = change(call["method"], call.get("params", []), answer["result"])
            if isinstance(result, RpcError):
                del answer["result"]
                answer["error"] = {"code": result.code, "message": result.message}
            else:
                answer["result"] = result
        return json.dumps(content).encode()

    return changed
