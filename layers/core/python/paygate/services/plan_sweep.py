"""Plan how money that payments brought is collected at the treasury: unsigned transactions for an offline signer.

Nothing is written down and nothing is sent. Refunds are paid from the treasury: every address may be emptied
once its payment waits for nothing more. How much lies there the node says, not the book.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.domain.events import iso

if TYPE_CHECKING:
    from datetime import datetime

    from paygate.ports import Clock
    from paygate.sweep_ports import Collector, SweepStore


class PlanSweep:
    def __init__(self, store: SweepStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def run(self, network: str, treasury: str, collector: Collector, since: datetime, least: int) -> dict[str, Any]:
        """JSON values. Raises NodeUnavailable, NodeMisled."""
        plan = collector.plan(self._store.paid(network, since), least)
        return {
            "network": network,
            "treasury": treasury,
            "plannedAt": iso(self._clock.now()),
            "collects": dict(plan.collects),
            "needs": dict(plan.needs),
            "transactions": [dict(each) for each in plan.transactions],
            "leftOut": [dict(each) for each in plan.left_out],
        }
