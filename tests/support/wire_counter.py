"""A proxy before PostgreSQL that reads what passes and counts statements, as the wire has them."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Self


@dataclass
class WireCounter:
    """Listens on `port`, passes everything on to (host, to_port), and keeps the text of each Parse and Query.

    `connections` has them once more, a list for each connection.
    """

    host: str
    to_port: int
    statements: list[str] = field(default_factory=list)
    connections: list[list[str]] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for one in self._sockets:
            one.close()

    @property
    def transactions(self) -> int:
        return sum(text == "BEGIN" for text in self.statements)

    @property
    def work(self) -> list[str]:
        return [text for text in self.statements if text not in ("BEGIN", "COMMIT", "ROLLBACK")]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection((self.host, self.to_port))
            self._sockets += [client, server]
            threading.Thread(target=_pass_on, args=(server, client, None), daemon=True).start()
            threading.Thread(target=_pass_on, args=(client, server, self._reader()), daemon=True).start()

    def _reader(self) -> _Frontend:
        self.connections.append([])
        return _Frontend(self.statements, self.connections[-1])


class _Frontend:
    """The frontend's messages: a start-up message without a type byte, then type, length, body."""

    def __init__(self, *statements: list[str]) -> None:
        self._statements, self._waiting, self._is_started = statements, b"", False

    def feed(self, data: bytes) -> None:
        self._waiting += data
        while True:
            head = 1 if self._is_started else 0
            if len(self._waiting) < head + 4:
                return
            (length,) = struct.unpack_from("!i", self._waiting, head)
            if len(self._waiting) < head + length:
                return
            kind, body = self._waiting[:head], self._waiting[head + 4 : head + length]
            self._waiting = self._waiting[head + length :]
            self._is_started = True
            if kind == b"Q":
                self._keep(body.rstrip(b"\x00"))
            elif kind == b"P":
                self._keep(body.split(b"\x00")[1])

    def _keep(self, text: bytes) -> None:
        for statements in self._statements:
            statements.append(text.decode())


def _pass_on(source: socket.socket, target: socket.socket, reader: _Frontend | None) -> None:
    try:
        while data := source.recv(65536):
            if reader is not None:
                reader.feed(data)
            target.sendall(data)
    except OSError:
        pass
    target.close()
