"""Wires the simulated Alipay: books, notifier, gateway, cashier, control door."""

from flask import Blueprint

from infra.sandbox.alipay import cashier, certificates, control, gateway
from infra.sandbox.alipay.context import Alipay
from infra.sandbox.alipay.ledger import Ledger
from infra.sandbox.alipay.notify import Notifier
from infra.sandbox.world import World


def build(world: World) -> Blueprint:
    merchant = certificates.load(world.state_dir)
    ledger = Ledger(world.state_dir / "ledger.sqlite3")
    notifier = Notifier(ledger, merchant, world.time_scale)
    alipay = Alipay(ledger, merchant, notifier, world.public_url)
    blueprint = Blueprint("alipay", __name__, template_folder="templates")
    for part in (gateway, cashier, control):
        part.add_routes(blueprint, alipay)
    notifier.start()
    return blueprint
