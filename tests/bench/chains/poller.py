"""The real poller, but for the booking of what it finds, which costs by the payment and not by the block.

What it finds is left queued in the cursor's own commit, as where a poller dies right after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from paygate.adapters.postgres.chain_store import PostgresChains
from paygate.adapters.system.clock import SystemIds
from paygate.bootstrap import ConfiguredChains, build
from paygate.services.poll_chain import PollChain
from tests.bench.chains.made import BLOCKS

if TYPE_CHECKING:
    from tests.bench.chains.stored import Stored

_SECONDS = 600


class _AtTheHead(Exception):
    """All blocks were read, and the poller would wait for the next one."""


class Poller:
    def __init__(self, stored: Stored) -> None:
        app = build(stored.settings)
        self._stored, self._database = stored, app.database
        chains, ids = ConfiguredChains(app.settings, app.meter), SystemIds(app.clock)
        store = PostgresChains(app.database, {stored.network: "evm"}, app.clock, ids)
        later: Any = _leave
        self._poll = PollChain(
            chains, store, later, app.pay_out, app.clock, ids, app.meter, most_seconds=_SECONDS, wait=_stop
        )

    def back(self) -> None:
        self._stored.back()

    def __call__(self) -> None:
        try:
            self._poll(self._stored.network, _SECONDS)
        except _AtTheHead:
            return
        raise AssertionError("the poller never waited for a block")

    def require_all(self) -> None:
        """Raises unless every block was read, and every transfer to us found, final and left queued."""
        found = self._stored.found()
        if found.height != self._stored.head or found.transfers != BLOCKS or found.queued != BLOCKS:
            raise AssertionError(found)

    def close(self) -> None:
        self._database.close()


def _leave(_payment_id: str) -> None:
    pass


def _stop(_seconds: float) -> NoReturn:
    raise _AtTheHead
