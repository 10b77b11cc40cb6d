"""Wires the node, simulated or another's, with its payers and its miner."""

import os
from pathlib import Path

from flask import Blueprint

from infra.sandbox.bitcoin import account, api, faucet, payers
from infra.sandbox.bitcoin.callers import OwnCaller
from infra.sandbox.bitcoin.client import Caller, NodeRpc
from infra.sandbox.bitcoin.miner import Miner
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.rpc.server import Api
from infra.sandbox.ledger import Ledger
from infra.sandbox.world import World

SCHEMA = Path(__file__).with_name("schema.sql")


def build(world: World) -> Blueprint:
    blueprint = Blueprint("bitcoin", __name__)
    node = elsewhere() or simulated(blueprint, world)
    miner = Miner(node, world.time_scale)
    payers.add_routes(blueprint, node, miner)
    miner.start()
    return blueprint


def elsewhere() -> Caller | None:
    url, user, password = (os.environ.get(f"BITCOIN_RPC_{name}", "") for name in ("URL", "USER", "PASSWORD"))
    return NodeRpc(url, user, password) if url else None


def simulated(blueprint: Blueprint, world: World) -> Caller:
    ledger = Ledger(world.state_dir / "chain.sqlite3", SCHEMA)
    served = Api(Node(ledger))
    api.add_routes(blueprint, served, account.load(world.state_dir))
    own = OwnCaller(served)
    faucet.fill(own)
    return own
