"""Wires the simulated UnionPay: books, deliveries, gateway, cashier, control door."""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.deliveries import Deliveries
from infra.sandbox.ledger import Ledger
from infra.sandbox.unionpay import cashier, certificates, control, gateway, notifications
from infra.sandbox.unionpay.context import UnionPay
from infra.sandbox.world import World


def build(world: World) -> Blueprint:
    parties = certificates.load(world.state_dir)
    ledger = Ledger(world.state_dir / "books.sqlite3", Path(__file__).with_name("schema.sql"))
    deliveries = Deliveries(ledger, notifications.manners(parties), world.time_scale)
    unionpay = UnionPay(ledger, parties, deliveries, world.public_url)
    blueprint = Blueprint("unionpay", __name__, template_folder="templates")
    for part in (gateway, cashier, control):
        part.add_routes(blueprint, unionpay)
    deliveries.start()
    return blueprint
