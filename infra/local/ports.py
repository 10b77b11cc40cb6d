"""Loopback ports that nobody uses."""

import random
import socket

HOST = "127.0.0.1"
# Below the ranges from which Linux and macOS take the ports of outgoing connections: a server that is
# restarted on its port must not find a client's socket there.
FIRST, LAST = 20000, 32000


class PortTaken(Exception):
    def __init__(self, port: int, setting: str) -> None:
        super().__init__(
            f"Port {port} on {HOST} is taken (or not yours to take); free it, or choose another: {setting}=<port>."
        )


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    while True:
        port = random.randint(FIRST, LAST)  # noqa: S311 (no secret)
        if is_free(port):
            return port


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
