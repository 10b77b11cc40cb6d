"""A bank with two accounts of the merchant, one in euros and one in yuan: books transfers and writes statements.

Messages: ISO 20022 camt.053 and camt.054, versions 2 to 8, and a CSV file as a Chinese bank's web page exports it.
A bank calls nobody, and the merchant asks it for nothing but statements: there are no callbacks and no faults.
"""

from flask import Blueprint

from infra.sandbox.bank_transfer.accounts import provision
from infra.sandbox.world import World

__all__ = ["blueprint", "provision"]


def blueprint(world: World) -> Blueprint:
    from infra.sandbox.bank_transfer.app import build  # noqa: PLC0415  Flask is not needed to provision

    return build(world)
