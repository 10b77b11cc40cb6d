"""redis-py's clients as we want them. Imports redis: load it on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis import ConnectionPool, Redis, RedisCluster, SSLConnection
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.credentials import CredentialProvider
from redis.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Callable


class Tokens(CredentialProvider):
    """A user whose password is made when a connection is."""

    def __init__(self, user: str, token: Callable[[str], str]) -> None:
        self._user, self._token = user, token

    def get_credentials(self) -> tuple[str, str]:
        return self._user, self._token(self._user)


def connect(
    url: str, patience_seconds: float, token: Callable[[str], str] | None, *, is_cluster: bool
) -> Redis | RedisCluster:
    """A client that fails at once. A cluster's asks a node for the others already here."""
    options = dict(parse_url(url))  # type: ignore[no-untyped-call]
    options |= {"socket_connect_timeout": patience_seconds, "socket_timeout": patience_seconds, "protocol": 2}
    if options.get("connection_class") is SSLConnection:  # the URL's own options must not weaken TLS
        options |= {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    if token is not None:
        options.pop("password", None)
        options["credential_provider"] = Tokens(options.pop("username", ""), token)
    retry = Retry(NoBackoff(), 0)
    if not is_cluster:
        return Redis(connection_pool=ConnectionPool(**options, retry=retry))
    is_tls = options.pop("connection_class", None) is SSLConnection
    options.pop("db", None)  # a cluster has only the one
    return RedisCluster(**options, ssl=is_tls, retry=retry)


def hang_up(client: Redis | RedisCluster) -> None:
    """Close what is idle, at every node."""
    nodes: list[Any] = [client]
    if isinstance(client, RedisCluster):
        nodes = [node.redis_connection for node in client.get_nodes()]  # type: ignore[no-untyped-call]
    for node in nodes:
        if node is not None:
            node.connection_pool.disconnect(inuse_connections=False)
