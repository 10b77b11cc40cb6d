"""A server behind TLS that never answers, and authorities that sign for it: what matters is who is talked to."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SSL_REQUEST_BYTES = 8
"""PostgreSQL's SSLRequest, which the server answers with one letter ("Protocol Flow", SSL Session Encryption)."""


@dataclass(frozen=True)
class Authority:
    """`certificate` is a PEM file that a client may trust."""

    directory: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name
    certificate: Path

    def server(self, address: str = "127.0.0.1") -> ssl.SSLContext:
        """A context of a server that this authority signed for, at `address`."""
        path = self.directory / f"server-{address}.pem"
        path.write_bytes(self.pair(address))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def pair(self, address: str = "127.0.0.1") -> bytes:
        """The private key and the certificate of such a server, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        signed = _builder(_name("server"), self.name, key).add_extension(names, critical=False)
        signed = signed.add_extension(issuer, critical=False)
        return _pem(key) + signed.sign(self.key, SHA256()).public_bytes(Encoding.PEM)


def authority(directory: Path, name: str) -> Authority:
    directory.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(_name(name), _name(name), key)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    made = builder.add_extension(usage, critical=True).sign(key, SHA256())
    certificate = directory / "authority.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    return Authority(directory, key, _name(name), certificate)


class Impostor:
    """Takes connections; `heard` is what clients said once they were sure of whom they talk to."""

    def __init__(self, context: ssl.SSLContext, answer: bytes = b"") -> None:
        self.connections, self.heard = 0, b""
        self._context, self._answer = context, answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with contextlib.suppress(OSError), contextlib.closing(connection):
            if self._answer:
                connection.recv(SSL_REQUEST_BYTES)
                connection.sendall(self._answer)
            if self._answer != b"N":
                connection = self._context.wrap_socket(connection, server_side=True)
            with contextlib.closing(connection):
                self.heard += connection.recv(65536)

    def close(self) -> None:
        self._listener.close()
        for thread in self._threads:
            thread.join()


@contextlib.contextmanager
def impostor(context: ssl.SSLContext, answer: bytes = b"") -> Iterator[Impostor]:
    """`answer` is what PostgreSQL's SSLRequest gets: S to go on with TLS, N for a server that has none."""
    server = Impostor(context, answer)
    try:
        yield server
    finally:
        server.close()


def _builder(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
