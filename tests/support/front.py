"""TLS before a server that has none: what comes in by TLS goes on to it as it is."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from tests.support.tls import SSL_REQUEST_BYTES

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

_PATIENCE_SECONDS = 10


class Front:
    """`connections` counts who got through TLS and was admitted; `port` is where.

    `is_postgres`: clients ask for TLS first (SSLRequest). `admit` may speak with a client before the server hears
    of it, and refuses by raising OSError.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        is_postgres: bool = False,
        admit: Callable[[socket.socket, int], None] | None = None,
    ) -> None:
        self.connections = 0
        self.upstream = 0
        self._context, self._is_postgres, self._admit = context, is_postgres, admit
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            _shut(connection)
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self._run(self._serve, connection)

    def _run(self, work: Callable[..., None], *given: socket.socket) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(_PATIENCE_SECONDS)
            if self._is_postgres:
                connection.recv(SSL_REQUEST_BYTES, socket.MSG_WAITALL)
                connection.sendall(b"S")
            client = self._context.wrap_socket(connection, server_side=True)
            self._open.append(client)
            if self._admit is not None:
                self._admit(client, self.upstream)
            server = socket.create_connection(("127.0.0.1", self.upstream), _PATIENCE_SECONDS)
        except OSError:
            _shut(connection)
            return
        self._open.append(server)
        self.connections += 1
        client.settimeout(None)
        server.settimeout(None)
        self._run(_pump, client, server)
        _pump(server, client)


@contextlib.contextmanager
def front(
    context: ssl.SSLContext,
    *,
    is_postgres: bool = False,
    admit: Callable[[socket.socket, int], None] | None = None,
) -> Iterator[Front]:
    """Its `upstream` is the port of the server behind it."""
    opened = Front(context, is_postgres=is_postgres, admit=admit)
    try:
        yield opened
    finally:
        opened.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    _shut(source)
    _shut(sink)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
