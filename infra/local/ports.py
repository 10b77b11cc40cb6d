"""Ports that nobody uses, on loopback or on another address of this machine."""

import ipaddress
import random
import socket

import psutil

HOST = "127.0.0.1"
# Below the ranges from which Linux and macOS take the ports of outgoing connections: a server that is
# restarted on its port must not find a client's socket there.
FIRST, LAST = 20000, 32000


class PortTaken(Exception):
    def __init__(self, port: int, setting: str, host: str = HOST) -> None:
        super().__init__(
            f"Port {port} on {host} is taken (or not yours to take); free it, or choose another: {setting}=<port>."
        )


def is_free(port: int, host: str = HOST) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    while True:
        port = random.randint(FIRST, LAST)  # noqa: S311 (no secret)
        if is_free(port):
            return port


def is_open(port: int, host: str = HOST) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def neighbours(host: str) -> list[str]:
    """Who reaches `host`, an address of this machine: its network, and this machine by any address of its own.

    Docker masks what comes from its bridge's address and does not leave by the bridge, so that this machine's own
    calls come from another one.
    """
    own = [a for found in psutil.net_if_addrs().values() for a in found if a.family == socket.AF_INET]
    networks = [str(ipaddress.ip_network(f"{host}/{a.netmask}", strict=False)) for a in own if a.address == host]
    return [*networks, *(a.address for a in own)]
