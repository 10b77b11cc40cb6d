"""Signing a request and verifying a callback, against the bare `cryptography` calls on the same bytes.

`sign` begins with an order and ends with the fields or headers that are sent. `verify` begins with the bytes that
are signed, the signature as it was sent, and whose it should be: it finds the key and proves it. `callback` begins
with a callback's raw bytes instead, takes its form, header or JSON apart first, and opens what WeChat Pay sealed;
`read` goes on to what they say. These two have no bar, since nothing bare does that. All of it is what runs in
production.

The floor gets every benefit: keys loaded, padding and hash made, text joined, signature decoded. An HMAC is made
anew for each message, as its object can be used only once.
"""

from __future__ import annotations

from importlib import import_module
from itertools import repeat
from typing import TYPE_CHECKING

from tests.bench.figures import Figure, p50_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.rails.made import Side, Work
    from tests.bench.world import World

RAILS = ("alipay", "wechat_pay", "unionpay", "card")
BAR = 1.3
ROUNDS = 300
BATCHES = {"sign": 3, "verify": 25, "callback": 25, "read": 25}
"""Calls that are timed together: one is microseconds."""


def measure(_: World) -> Iterator[Figure]:
    for rail in RAILS:
        for side in import_module(f"tests.bench.rails.{rail}").sides():
            yield _figure(rail, side)


def _figure(rail: str, side: Side) -> Figure:
    count = BATCHES[side.name]
    ours, bare = p50_ms(_batch(side.ours, count), _batch(side.bare, count), rounds=ROUNDS, warm=5)
    bar = BAR if side.name in ("sign", "verify") else None
    return Figure(f"{side.name}_{rail}", ours * 1000 / count, bare * 1000 / count, "us", bar, note=side.note)


def _batch(work: Work, count: int) -> Callable[[], None]:
    def run() -> None:
        for _ in repeat(None, count):
            work()

    return run
