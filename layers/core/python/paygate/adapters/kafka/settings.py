"""How to reach Kafka, as kafka-python's keyword arguments."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST_MS = 4_000
DELIVERY_MS = 5_000  # well below the relay's lease of 30 s
REACH_MS = 3_000


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """`security_protocol` PLAINTEXT, SSL or SASL_SSL; `sasl_mechanism` PLAIN or SCRAM-SHA-512.

    `token` makes one for each connection, and takes the place of user and password (OAUTHBEARER).
    `authority` is PEM text of certificates that are believed beside the system's.

    `new_topic_partitions` None: topics exist (`migrate` made them). A number: a missing topic is created with
    that many, where the broker allows.
    """

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    new_topic_partitions: int | None = None
    token: Callable[[], str] | None = None
    authority: str | None = None

    def reach(self) -> None:
        """Raise OSError when no server takes a connection: kafka-python would wait and retry for seconds."""
        for number, server in enumerate(servers := self.bootstrap_servers.split(","), start=1):
            host, _, port = server.strip().rpartition(":")
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_MS / 1000).close()
            except OSError:
                if number == len(servers):
                    raise
            else:
                return

    def connection(self) -> dict[str, Any]:
        told = {
            "bootstrap_servers": self.bootstrap_servers.split(","),
            "security_protocol": self.security_protocol,
            "ssl_context": self._tls(),
        }
        if self.token is not None:
            return {**told, "sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": _provider(self.token)}
        return {
            **told,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }

    def _tls(self) -> ssl.SSLContext | None:
        """None, and kafka-python makes one that believes the system's authorities and checks names."""
        if not self.authority or self.security_protocol == "PLAINTEXT":
            return None
        context = ssl.create_default_context()
        context.load_verify_locations(cadata=self.authority)
        return context


def _provider(token: Callable[[], str]) -> Any:
    from kafka.net.sasl.oauth import AbstractTokenProvider  # noqa: PLC0415  # heavy: the relay and `migrate` only

    class Tokens(AbstractTokenProvider):  # type: ignore[misc]
        """kafka-python asks when a connection is made."""

        def token(self) -> str:
            return token()

    return Tokens()


def producing() -> dict[str, Any]:
    """What the relay's producer is set to beside the connection.

    With idempotence kafka-python keeps one batch a partition in flight, so order holds.
    """
    return {
        "acks": "all",
        "enable_idempotence": True,
        "linger_ms": 5,
        "batch_size": 262_144,
        "max_block_ms": REACH_MS,
        "bootstrap_timeout_ms": REACH_MS,
        "request_timeout_ms": REQUEST_MS,
        "delivery_timeout_ms": DELIVERY_MS,
        "reconnect_backoff_max_ms": 1_000,
        "metrics_enabled": False,
    }
