"""The rails' simulators: one process that speaks each rail's own wire.

Nothing here is imported from the gateway, so a mistake there cannot hide behind the same mistake here.
Every sub-package is a rail, the payer of a chain that a real node runs (ethereum, bsc), or where exchange rates
come from (rates), and offers two functions, which is all that a new one has to add:

    blueprint(world: World) -> flask.Blueprint          the rail's routes, each below /<rail>/
    provision(directory: Path, base_url: str) -> dict   a merchant's keys, made once; settings by name

The modules beside them are what rails have in common: the books' file (ledger, common.sql), the record of calls,
the fault script (faults) with the mishaps of answers, the queue of callbacks and its deliveries, the routes of
the control door over all that (doors), the pages' frame (templates), what payers on chains are asked for (wishes),
and the making of keys. A rail keeps its own wire, tables and signing.
"""

from infra.sandbox.rails import provision

__all__ = ["provision"]
