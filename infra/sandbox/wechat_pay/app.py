"""Wires the simulated WeChat Pay: books, deliveries, API, cashier, control door."""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.deliveries import Deliveries
from infra.sandbox.ledger import Ledger
from infra.sandbox.wechat_pay import api, cashier, control, merchant, notify
from infra.sandbox.wechat_pay.context import WechatPay
from infra.sandbox.world import World


def build(world: World) -> Blueprint:
    account = merchant.load(world.state_dir)
    ledger = Ledger(world.state_dir / "books.sqlite3", Path(__file__).with_name("schema.sql"))
    deliveries = Deliveries(ledger, notify.manners(account, ledger), world.time_scale)
    rail = WechatPay(ledger, account, deliveries, world.public_url, world.time_scale)
    blueprint = Blueprint("wechat_pay", __name__, template_folder="templates")
    for part in (api, cashier, control):
        part.add_routes(blueprint, rail)
    deliveries.start()
    return blueprint
