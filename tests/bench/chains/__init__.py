"""Following a chain against the bare calls for the same blocks, and with 1,000,000 watched addresses against 1,000.

`poll` begins where the first of 1,000 blocks is not read yet, and ends at the head with every transfer of ours
matched, stored, looked up once more and final. The floor asks for transfers and headers only. Booking is left
queued: it costs by the payment, and is in `settle`, a process of its own that polls the same blocks and settles
what they pay.

Time is the processor's, this process's and its servers', so that neighbours do not count: poller, node and
PostgreSQL wait for one another, and on a machine that does nothing else it is the time that passes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.chains import peers
from tests.bench.chains.bare import Bare
from tests.bench.chains.made import BLOCKS, chain
from tests.bench.chains.poller import Poller
from tests.bench.chains.stored import FEW, MANY, Stored
from tests.bench.figures import Figure
from tests.bench.world import processor_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.chains.made import Made
    from tests.bench.world import World

BAR, BAR_MANY, BAR_MEGABYTES = 1.5, 1.1, 256.0
ROUNDS, ROUNDS_WITH_COIN = 5, 2


def measure(world: World) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, chain(Path(folder)) as made, ExitStack() as undo:
        stores = [undo.enter_context(Stored(world, made, "USDT_BEP20", count)) for count in (FEW, MANY)]
        bare = undo.enter_context(closing(Bare(made)))
        few, many = (undo.enter_context(closing(Poller(each))) for each in stores)
        floor, with_few, with_many = _least(ROUNDS, bare.tokens, few, many)
        yield Figure("chain_poll", with_few, floor, "s", BAR, note=_pace(with_few))
        yield Figure("chain_poll_1m_vs_1k", with_many, with_few, "s", BAR_MANY, note="watched addresses")
        yield from _settled(stores[1], with_many)
        yield _with_coin(world, made, bare)
        yield from peers.measure(made, bare, with_few)


def _settled(stored: Stored, polled: float) -> Iterator[Figure]:
    """A process that polls the blocks and books what they bring, while a million addresses are watched."""
    stored.back()
    before = processor_seconds("anvil", "postgres")
    command = [sys.executable, "-m", "tests.bench.chains.whole", stored.network]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=stored.env)
    told = json.loads(done.stdout.splitlines()[-1])
    if stored.found().settled != BLOCKS or told["troubles"]:
        raise AssertionError((stored.found(), told))
    note = f"its base {told['base']:.0f} MB"
    yield Figure("chain_poll_1m_memory", told["megabytes"], BAR_MEGABYTES, "MB", 1.0, note=note)
    seconds = told["seconds"] + processor_seconds("anvil", "postgres") - before
    note = f"{seconds / BLOCKS * 1000:.1f} ms for each payment, against the poll"
    yield Figure("chain_settle", seconds, polled, "s", note=note)


def _with_coin(world: World, made: Made, bare: Bare) -> Figure:
    """Ethereum's way: blocks are fetched whole, because its own coin is taken too."""
    with Stored(world, made, "USDT_ERC20", FEW) as stored, closing(Poller(stored)) as poller:
        floor, ours = _least(ROUNDS_WITH_COIN, bare.tokens_and_coin, poller)
    return Figure("chain_poll_with_coin", ours, floor, "s", note=_pace(ours))


def _least(rounds: int, *works: Callable[[], None]) -> list[float]:
    """The least seconds of each, taken in turn after a round that warms up."""
    taken = [[_seconds(work) for work in works] for _ in range(rounds + 1)]
    return [min(times) for times in zip(*taken[1:], strict=True)]


def _seconds(work: Callable[[], None]) -> float:
    if isinstance(work, Poller):
        work.back()
    before = _used()
    work()
    seconds = _used() - before
    if isinstance(work, Poller):
        work.require_all()
    return seconds


def _used() -> float:
    return time.process_time() + processor_seconds("anvil", "postgres")


def _pace(seconds: float) -> str:
    return f"{BLOCKS / seconds:.0f} blocks/s"
