"""What one invocation uses: processor, memory, what it says to whom, and what it logs.

Everything is seen at the socket and at standard output, so that nothing of the measured code is replaced. Counted
by the peer's port; the reader knows whose port it is.
"""

import json
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, TextIO
from weakref import WeakKeyDictionary

_REQUEST = re.compile(rb"(?:GET|POST|PUT|PATCH|DELETE|HEAD) \S+ HTTP/1\.1\r\n")
_TARGET = re.compile(rb"x-amz-target: (?:\w+\.)?(\w+)", re.IGNORECASE)
_CALL = re.compile(rb'"jsonrpc"')
SENDING, RECEIVING = ("send", "sendall"), ("recv", "recv_into")

Json = dict[str, Any]


class Sockets:
    """Counts by port: round trips, bytes both ways, HTTP requests, calls of JSON-RPC, calls of AWS by name."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[int, str]] = Counter()
        self._asked: WeakKeyDictionary[socket.socket, bool] = WeakKeyDictionary()
        self._ports: WeakKeyDictionary[socket.socket, int] = WeakKeyDictionary()
        self._lock = Lock()

    def install(self) -> None:
        for name in SENDING:
            setattr(socket.socket, name, self._sending(getattr(socket.socket, name)))
        for name in RECEIVING:
            setattr(socket.socket, name, self._receiving(getattr(socket.socket, name)))

    def _sending(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def send(sock: socket.socket, data: Any, *rest: Any) -> Any:
            done = original(sock, data, *rest)
            self._sent(sock, bytes(data)[: done if isinstance(done, int) else None])
            return done

        return send

    def _receiving(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def receive(sock: socket.socket, *rest: Any) -> Any:
            got = original(sock, *rest)
            self._received(sock, got if isinstance(got, int) else len(got))
            return got

        return receive

    def _sent(self, sock: socket.socket, data: bytes) -> None:
        port = self._port(sock)
        with self._lock:
            self._asked[sock] = True
            self.counts[port, "sent"] += len(data)
            self.counts[port, "requests"] += bool(_REQUEST.match(data))
            self.counts[port, "calls"] += len(_CALL.findall(data))
            for target in _TARGET.findall(data):
                self.counts[port, target.decode()] += 1

    def _received(self, sock: socket.socket, length: int) -> None:
        port = self._port(sock)
        with self._lock:
            self.counts[port, "received"] += length
            self.counts[port, "trips"] += self._asked.pop(sock, False)

    def _port(self, sock: socket.socket) -> int:
        if sock not in self._ports:
            try:
                peer = sock.getpeername()
            except OSError:
                return 0
            self._ports[sock] = peer[1] if isinstance(peer, tuple) else 0
        return self._ports[sock]


class Logged:
    """Standard output, counted. A line of CloudWatch's embedded metric format is told apart, with its metric."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.bytes = 0
        self.metrics: list[str] = []

    def write(self, text: str) -> int:
        self.bytes += len(text.encode())
        for line in text.splitlines():
            if '"_aws"' in line:
                self.metrics += metrics_of(json.loads(line))
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def metrics_of(document: Json) -> list[str]:
    """Metrics as CloudWatch bills them: a name with its dimensions and their values."""
    return [
        " ".join([metric["Name"], *(f"{name}={document[name]}" for name in sorted(names))])
        for declared in document["_aws"]["CloudWatchMetrics"]
        for metric in declared["Metrics"]
        for names in declared["Dimensions"]
    ]


class Meter:
    """One for a process, installed before the functions are imported."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sockets, self._logged = Sockets(), Logged(sys.stdout)

    def install(self) -> None:
        self._sockets.install()
        sys.stdout = self._logged  # type: ignore[assignment]

    def note(self, facts: Json, work: Callable[[], Json]) -> Json:
        """Runs `work` and appends a line that tells `facts` and what it used."""
        self._sockets.counts.clear()
        self._logged.bytes, self._logged.metrics = 0, []
        wall, processor = time.perf_counter(), time.process_time()
        done = work()
        reported = done.get("result") or {}
        used = {
            "at": time.time(),
            "wall_ms": (time.perf_counter() - wall) * 1000,
            "cpu_ms": (time.process_time() - processor) * 1000,
            "peak_mb": peak_megabytes(),
            "log_bytes": self._logged.bytes,
            "metrics": self._logged.metrics,
            "traffic": by_port(self._sockets.counts),
            **{name: reported.get(name, 0) for name in ("blocks", "sent")},
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**facts, **used}) + "\n")
        return done


def by_port(counts: Counter[tuple[int, str]]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for (port, name), count in counts.items():
        if count:
            found.setdefault(port, {})[name] = count
    return found


def peak_megabytes() -> float:
    """The most memory that this process has had at once; Linux only, as the Lambda that it stands for."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
