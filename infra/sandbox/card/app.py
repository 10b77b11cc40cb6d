"""Wires the simulated processor: books, deliveries, API, cashier, control door."""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.card import api, cashier, control, merchant, webhooks
from infra.sandbox.card.context import Processor
from infra.sandbox.deliveries import Deliveries
from infra.sandbox.ledger import Ledger
from infra.sandbox.world import World


def build(world: World) -> Blueprint:
    account = merchant.load(world.state_dir)
    ledger = Ledger(world.state_dir / "books.sqlite3", Path(__file__).with_name("schema.sql"))
    manners = webhooks.manners(ledger, account, world.public_url, world.time_scale)
    deliveries = Deliveries(ledger, manners, world.time_scale)
    processor = Processor(ledger, account, deliveries, world.public_url, world.time_scale)
    blueprint = Blueprint("card", __name__, template_folder="templates")
    for part in (api, cashier, control):
        part.add_routes(blueprint, processor)
    deliveries.start()
    return blueprint
