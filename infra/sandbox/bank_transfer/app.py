"""Wires the simulated bank: books, statements, online banking, control door."""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.bank_transfer import accounts, control, online, statements
from infra.sandbox.bank_transfer.context import Bank
from infra.sandbox.ledger import Ledger
from infra.sandbox.world import World


def build(world: World) -> Blueprint:
    ledger = Ledger(world.state_dir / "books.sqlite3", Path(__file__).with_name("schema.sql"))
    bank = Bank(ledger, accounts.load(world.state_dir), world.public_url)
    blueprint = Blueprint("bank_transfer", __name__, template_folder="templates")
    for part in (statements, online, control):
        part.add_routes(blueprint, bank)
    return blueprint
