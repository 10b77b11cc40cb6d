"""An HTTP session whose reads obey the time budget and whose idle sockets are not trusted.

Imported on first use only: it loads requests.
"""

from __future__ import annotations

import http.client
import io
import time
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from paygate import budget

if TYPE_CHECKING:
    import socket

    from _typeshed import WriteableBuffer

_IDLE_SECONDS = 20.0
_CONNECTIONS = 32


def new_session() -> requests.Session:
    """Nothing from the surroundings (proxies, .netrc, certificate overrides) applies to it."""
    session = requests.Session()
    session.trust_env = False
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=_CONNECTIONS)
    adapter.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _BudgetedReader(io.RawIOBase):
    """The socket's bytes. Every single read ends with the budget, so a peer that drips cannot outlast it."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._socket, self._raw = sock, raw
        self._seconds = sock.gettimeout() or 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        if budget.is_spent():
            raise TimeoutError
        self._socket.settimeout(budget.remaining(self._seconds))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BudgetedReader(sock, self.fp.detach()))


class _IdleGuard:
    """A frozen function's sockets may be dead without knowing it; wall time passes while it is frozen."""

    _used_at = 0.0

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._used_at = time.time()
        super().request(*args, **kwargs)  # type: ignore[misc]

    @property
    def is_connected(self) -> bool:
        is_fresh = 0 <= time.time() - self._used_at < _IDLE_SECONDS
        return is_fresh and super().is_connected  # type: ignore[misc]


class _Connection(_IdleGuard, HTTPConnection):
    response_class = _Response


class _TlsConnection(_IdleGuard, HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection
