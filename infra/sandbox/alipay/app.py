"""Wires the simulated Alipay: books, deliveries, gateway, cashier, control door."""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.alipay import cashier, certificates, control, gateway, notify
from infra.sandbox.alipay.context import Alipay
from infra.sandbox.deliveries import Deliveries
from infra.sandbox.ledger import Ledger
from infra.sandbox.world import World


def build(world: World) -> Blueprint:
    merchant = certificates.load(world.state_dir)
    ledger = Ledger(world.state_dir / "books.sqlite3", Path(__file__).with_name("schema.sql"))
    deliveries = Deliveries(ledger, notify.manners(merchant), world.time_scale)
    alipay = Alipay(ledger, merchant, deliveries, world.public_url)
    blueprint = Blueprint("alipay", __name__, template_folder="templates")
    for part in (gateway, cashier, control):
        part.add_routes(blueprint, alipay)
    deliveries.start()
    return blueprint
