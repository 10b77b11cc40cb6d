"""How to come in to a PostgreSQL: where it is, as whom, with what password, and whose word its certificate is."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_PORT = 5432


@dataclass(frozen=True, slots=True)
class Login:
    """`url` as libpq writes them. `?sslmode=verify-full` (with `&sslrootcert=…`) turns TLS on, always verified.

    `authority` is PEM text of certificates that are believed beside the system's: RDS signs with its own.
    `token` (host, port, user → password) makes a password for each new connection, in the URL's place.
    """

    url: str = field(repr=False)
    authority: str | None = None
    token: Callable[[str, int, str], str] | None = None

    def arguments(self, database: str | None = None) -> dict[str, Any]:
        """pg8000's keyword arguments for one connection, of `database` or the URL's."""
        parts = urlsplit(self.url)
        host, port, user = parts.hostname or "127.0.0.1", parts.port or _PORT, unquote(parts.username or "")
        return {
            "user": user,
            "password": self.token(host, port, user) if self.token else unquote(parts.password or ""),
            "host": host,
            "port": port,
            "database": database or unquote(parts.path.lstrip("/")),
            "ssl_context": self._tls(),
        }

    def _tls(self) -> ssl.SSLContext | bool:
        options = parse_qs(urlsplit(self.url).query)
        if options.get("sslmode", ["disable"])[0] == "disable":
            return False  # None would ask for TLS and take whatever comes
        context = ssl.create_default_context(cafile=options.get("sslrootcert", [None])[0])
        if self.authority:
            context.load_verify_locations(cadata=self.authority)
        return context
