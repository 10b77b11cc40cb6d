"""A miner who works by himself: soon while something waits or is still young, now and then otherwise."""

import threading
import time

import requests

from infra.sandbox.bitcoin.client import NOBODY, Caller, RpcRefused

SECONDS, IDLE_SECONDS = 5.0, 60.0
SHORTEST_SECONDS, SHORTEST_IDLE_SECONDS = 0.2, 30.0
"""However fast time runs: a chain that grows faster is more than anybody can follow."""

YOUNG_BLOCKS = 6
"""A payment that was mined is buried as deep as the careful want it."""


class Miner:
    def __init__(self, node: Caller, time_scale: float) -> None:
        self._node = node
        self._seconds = max(SHORTEST_SECONDS, SECONDS * time_scale)
        self._idle_seconds = max(SHORTEST_IDLE_SECONDS, IDLE_SECONDS * time_scale)
        self._young = 0
        self._mined_at = time.monotonic()
        self._lock = threading.Lock()
        self._is_on = True

    def start(self) -> None:
        threading.Thread(target=self._work, name="miner", daemon=True).start()

    def turn(self, *, on: bool) -> None:
        """Once it is off no block comes by itself."""
        with self._lock:
            self._is_on = on

    def _work(self) -> None:
        while True:
            time.sleep(self._seconds)
            with self._lock:
                if self._is_on:
                    self._look()

    def _look(self) -> None:
        """Mine if it is time to. A node that is away is asked again later."""
        try:
            if self._node.call("getmempoolinfo")["size"]:
                self._young = YOUNG_BLOCKS
            is_late = time.monotonic() - self._mined_at > self._idle_seconds
            if self._young or is_late:
                self._young = max(self._young - 1, 0)
                self._mined_at = time.monotonic()
                self._node.call("generatetoaddress", 1, NOBODY)
        except (requests.RequestException, RpcRefused):
            return
