"""The opening of a Kafka connection that wants to know who comes: SASL before a broker that has none.

KIP-43 and KIP-152: SaslHandshake (17) names a mechanism, SaslAuthenticate (36) carries what it says, each in a
frame of the Kafka protocol; of SaslAuthenticate version 2 is spoken. ApiVersions (18) is let through, since
clients ask it first.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import Any

import scramp

_HANDSHAKE, _API_VERSIONS, _AUTHENTICATE = 17, 18, 36
_UNSUPPORTED_MECHANISM, _FAILED = 33, 58
_SCRAM = "SCRAM-SHA-512"


@dataclass
class Doorkeeper:
    """Lets in `users` (name → password) by PLAIN and SCRAM-SHA-512, and who brings one of `tokens` is heard."""

    users: dict[str, str] = field(default_factory=dict)
    takes_tokens: bool = False
    tokens: list[str] = field(default_factory=list)
    admitted: list[str] = field(default_factory=list)

    def __call__(self, client: socket.socket, upstream: int) -> None:
        mechanism = ""
        scram = scramp.ScramMechanism(_SCRAM).make_server(self._stored)
        while True:
            frame = _frame(client)
            kind, version, correlation, name_size = struct.unpack_from(">hhih", frame)
            body = frame[10 + max(name_size, 0) :]
            if kind == _API_VERSIONS:
                client.sendall(_asked(upstream, frame))
            elif kind == _HANDSHAKE:
                mechanism = body[2:].decode()
                client.sendall(_framed(struct.pack(">i", correlation) + self._offer(mechanism)))
            else:
                assert (kind, version) == (_AUTHENTICATE, 2)
                said = _unpacked(body[1:])
                is_done = mechanism != _SCRAM or said.startswith(b"c=")  # RFC 5802: the client's last word
                answer = self._answer(mechanism, scram, said, is_last=is_done)
                client.sendall(_framed(struct.pack(">i", correlation) + b"\0" + _result(answer)))
                if answer is None:
                    raise ConnectionRefusedError(mechanism)
                if is_done:
                    self.admitted.append(mechanism)
                    return

    def _answer(self, mechanism: str, scram: Any, said: bytes, *, is_last: bool) -> bytes | None:
        if mechanism == _SCRAM:
            return _scram(scram, said, is_last=is_last)
        return b"" if self._believes(mechanism, said) else None

    def _offer(self, mechanism: str) -> bytes:
        names = [b"PLAIN", _SCRAM.encode(), b"OAUTHBEARER"]
        code = 0 if mechanism.encode() in names else _UNSUPPORTED_MECHANISM
        listed = b"".join(struct.pack(">h", len(name)) + name for name in names)
        return struct.pack(">hi", code, len(names)) + listed

    def _stored(self, user: str) -> tuple[bytes, bytes, bytes, int]:
        made: tuple[bytes, bytes, bytes, int] = scramp.ScramMechanism(_SCRAM).make_auth_info(self.users[user])
        return made

    def _believes(self, mechanism: str, said: bytes) -> bool:
        if mechanism == "PLAIN":
            _, user, password = said.split(b"\0")
            return self.users.get(user.decode()) == password.decode()
        token = said.removeprefix(b"n,,\x01auth=Bearer ").removesuffix(b"\x01\x01").decode()
        self.tokens.append(token)
        return self.takes_tokens


def _scram(server: Any, said: bytes, *, is_last: bool) -> bytes | None:
    try:
        if not is_last:
            server.set_client_first(said.decode())
            return str(server.get_server_first()).encode()
        server.set_client_final(said.decode())
        return str(server.get_server_final()).encode()
    except (scramp.ScramException, KeyError):
        return None


def _unpacked(compact: bytes) -> bytes:
    """Compact bytes: their number and one, seven bits a byte and the lowest first, then they."""
    size, shift, at = 0, 0, 0
    while True:
        size |= (compact[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not compact[at - 1] & 0x80:
            return compact[at : at + size - 1]


def _result(answer: bytes | None) -> bytes:
    """Error code, no message, the answer as compact bytes, a session as long as it likes, no tags."""
    data = answer or b""
    assert len(data) < 0x3FFF
    size = len(data) + 1
    packed = bytes([size]) if size < 0x80 else bytes([size & 0x7F | 0x80, size >> 7])
    return struct.pack(">hb", 0 if answer is not None else _FAILED, 0) + packed + data + b"\0" * 8 + b"\0"


def _asked(upstream: int, frame: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", upstream), 10) as broker:
        broker.sendall(_framed(frame))
        return _framed(_frame(broker))


def _frame(connection: socket.socket) -> bytes:
    (size,) = struct.unpack(">i", _read(connection, 4))
    return _read(connection, size)


def _read(connection: socket.socket, size: int) -> bytes:
    """TLS gives what it has, whatever is asked."""
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError("the client went away")
        data += more
    return data


def _framed(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data
