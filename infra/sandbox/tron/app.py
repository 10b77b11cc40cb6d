"""Wires the simulated node: books, chain, mempool, API, TronGrid's lists, control door."""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.ledger import Ledger
from infra.sandbox.tron import api, control, payments, trongrid
from infra.sandbox.tron.chain import Chain
from infra.sandbox.tron.context import Node
from infra.sandbox.tron.mempool import Mempool
from infra.sandbox.tron.network import load
from infra.sandbox.world import World

SLOT_MS = 3_000
SHORTEST_SLOT_MS = 50
"""However fast time runs: a chain that grows faster is more than anybody can follow."""


def build(world: World) -> Blueprint:
    ledger = Ledger(world.state_dir / "chain.sqlite3", Path(__file__).with_name("schema.sql"))
    chain = Chain(load(world.state_dir), max(SHORTEST_SLOT_MS, int(SLOT_MS * world.time_scale)))
    with ledger.transaction() as db:
        chain.begin(db)
    node = Node(ledger, chain, Mempool(chain), world.public_url)
    blueprint = Blueprint("tron", __name__)
    for part in (api, trongrid, control, payments):
        part.add_routes(blueprint, node)
    return blueprint
