"""A stack of its own under load, whose servers are killed or hung one after the other, and the account of it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from infra.local.server import ROOT
from infra.local.servers.programs import CODE
from infra.local.stack import Stack
from tests.support.alipay import Alipay
from tests.support.at_once import until
from tests.support.books import Books
from tests.support.load import Load
from tests.support.reader import Reader
from tests.support.reckoning import Reckoning, summed, told
from tests.support.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.local.server import Server

# Few environments: after each death all of them must be started again.
SETTINGS = {"RATE_LIMIT_PER_MINUTE": "1000000", "LOCAL_SCHEDULE_SCALE": "0.02", "LOCAL_CONCURRENCY": "4"}

ACKNOWLEDGED = (
    "SELECT event_id FROM outbox LEFT JOIN outbox_queue AS queued USING (payment_id, sequence)"
    " WHERE queued.payment_id IS NULL"
)
LEASED = "SELECT event_id FROM outbox JOIN outbox_queue USING (payment_id, sequence) WHERE leased_by IS NOT NULL"
LEASES = "SELECT leased_by FROM outbox_queue WHERE leased_by IS NOT NULL"


@dataclass
class Storm:
    stack: Stack
    load: Load
    reader: Reader
    reckoning: Reckoning
    forgotten: set[str] = field(default_factory=set)
    """Events that a broker had acknowledged before it was killed, and with it all that it kept."""

    def kill(self, server: Server, seconds: float) -> None:
        """SIGKILL to all its processes; it comes back after `seconds`."""
        server.kill()
        self.under_load(seconds)
        server.start()

    def hang(self, server: Server, seconds: float) -> None:
        server.pause()
        try:
            self.under_load(seconds)
        finally:
            server.resume()

    def kill_broker(self, seconds: float) -> None:
        """The embedded broker keeps nothing, so what it had acknowledged is noted; the reader begins anew."""
        kafka = self.stack.kafka
        kafka.kill()
        acknowledged, leases = self._ids(ACKNOWLEDGED), self._ids(LEASES)
        leased = self._ids(LEASED)
        self.reader.stop()
        self.under_load(seconds)
        until(lambda: not leases & self._ids(LEASES), "the relay has settled what was under way", 40)
        acknowledged |= leased & self._ids(ACKNOWLEDGED)
        self.forgotten |= acknowledged - self.reader.events.keys()
        kafka.start()
        self.reader.start()

    def _ids(self, text: str) -> set[str]:
        return {row[0] for row in self.reckoning.books.run(text)}

    def kill_functions(self) -> None:
        """The API's execution environments in the midst of whatever they do; the gateway itself stays."""
        guard = self.stack.gateway._guard
        assert guard is not None
        for process in psutil.Process(guard.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # others come and go
                if "infra.local.worker" in " ".join(process.cmdline()):
                    process.kill()

    def under_load(self, seconds: float) -> None:
        time.sleep(seconds)

    def well_again(self, orders: int = 6) -> None:
        """So many orders came to their end from now on: the next blow falls on a gateway at work."""
        enough, give_up_at = self.load.ended + orders, time.monotonic() + 90
        while self.load.ended < enough:
            assert time.monotonic() < give_up_at, (self.load.under_way, self.load.at(), self.load.failures[:3])
            time.sleep(0.02)

    def calm(self, seconds: float) -> None:
        """No new orders; those under way come to their end, and nothing is left that anybody must look at."""
        self.load.stop()
        give_up_at = time.monotonic() + seconds
        while (under_way := self.load.under_way) or (stuck := self.reckoning.stuck()):
            assert time.monotonic() < give_up_at, (
                f"{under_way} orders under way" if under_way else stuck,
                self.load.failures[:3],
            )
            self.reckoning.hasten()
            time.sleep(0.5)
        self.load.end()

    def check(self) -> None:
        """Nothing lost, doubled or stuck, to the fen."""
        assert self.load.failures == []
        ours = self.reckoning.database()
        extra = self.reckoning.extra()
        assert not any(extra.values()), extra
        assert len(self.load.orders) == len(ours)
        assert told(self.load.orders) == ours
        rail = {name: sums for name, sums in self.reckoning.rail().items() if sums != (0, 0)}
        assert rail == {name: sums for name, sums in ours.items() if sums != (0, 0)}
        self._check_events(ours)

    def _check_events(self, ours: dict[str, tuple[int, int]]) -> None:
        written = self.reckoning.outbox()
        sequences: dict[str, list[int]] = {}
        for event in written:
            sequences.setdefault(event["paymentId"], []).append(event["sequence"])
        assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in sequences.values())
        assert summed(written, ours) == ours

        until(lambda: not self._missing(written) - self.forgotten, "every event was read", 20)
        incomplete = {event["paymentId"] for event in written if event["eventId"] in self._missing(written)}
        if incomplete:
            self._replay()
        until(lambda: not self._missing(written), "what the broker forgot was read after the replay", 30)
        self.reader.stop()
        assert self.reader.events.keys() == {event["eventId"] for event in written}
        assert self.reader.changed == []
        assert summed(self.reader.events.values(), ours) == ours
        for payment_id, seen in self.reader.first_seen.items():
            in_order = sorted(seen) if payment_id in incomplete else seen
            assert in_order == sequences[payment_id], payment_id

    def _missing(self, written: list[dict[str, Any]]) -> set[str]:
        return {event["eventId"] for event in written} - set(self.reader.events)

    def _replay(self) -> None:
        """The command for a broker that lost what it had."""
        env = {**os.environ, **self.stack.env, "PYTHONPATH": os.pathsep.join(map(str, CODE))}
        command = [sys.executable, "-m", "infra.local.replay", "--from", "2000-01-01"]
        subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True)


@contextmanager
def storm(directory: Path, *, rate: float) -> Iterator[Storm]:
    """Load from the start. The data outlive a crash: PostgreSQL is as careful as in earnest."""
    with Stack(directory, settings=SETTINGS, sandbox_time_scale=0.001) as stack:
        load = Load(Shop(stack.gateway.url, stack.api_key), stack.sandbox.url, rate=rate)
        reader = Reader(stack.kafka.bootstrap_servers)
        reader.start()
        load.start()
        try:
            yield Storm(stack, load, reader, Reckoning(Books(stack.postgres), Alipay(stack.sandbox.url)))
        finally:
            load.end()
            reader.stop()
