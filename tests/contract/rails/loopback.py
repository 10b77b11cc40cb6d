"""A server of one page of script: what is written to a connection is up to the test."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

Script = Callable[[socket.socket, int], bool]
"""Called with the connection and the number of the request on it; False hangs up."""


class Loopback:
    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.connections, self.requests, self.heads = 0, 0, list[bytes]()
        self._script, self._tls = script, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/gateway"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(self._secured(connection)) as secured:
            while head := _read_request(secured):
                self.heads.append(head)
                self.requests += 1
                if not self._script(secured, self.requests):
                    return

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection

    def close(self) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()


@contextlib.contextmanager
def loopback(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    server = Loopback(script, tls)
    try:
        yield server
    finally:
        server.close()


def _read_request(connection: socket.socket) -> bytes:
    """Head and body; empty at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(body: bytes = b"ok", status: int = 200, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answering(*answers: bytes) -> Script:
    """These answers in turn, the last one for ever."""

    def script(connection: socket.socket, number: int) -> bool:
        connection.sendall(answers[min(number, len(answers)) - 1])
        return True

    return script
