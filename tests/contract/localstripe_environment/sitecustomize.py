"""For the interpreter that runs localstripe, which would listen to the whole network: it gets loopback."""

import socket
from typing import Any


class _LoopbackSocket(socket.socket):
    def bind(self, address: Any) -> None:
        super().bind(("::1", *address[1:]) if address[0] == "::" else address)


socket.socket = _LoopbackSocket  # type: ignore[misc]
