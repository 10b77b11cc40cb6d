"""A TRON full node: blocks, signed transactions, a token shaped like Tether's, and TronGrid's lists.

Protocol: developers.tron.network ("HTTP API"), java-tron's Tron.proto and its servlets' JSON, and TronGrid's v1.
Transactions are TransferContract and TriggerSmartContract; contracts are written in Python (contracts.py).
"""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.tron.network import provision
from infra.sandbox.world import World

__all__ = ["blueprint", "provision"]


def blueprint(world: World) -> Blueprint:
    from infra.sandbox.tron.app import build  # noqa: PLC0415  Flask is not needed to provision

    provision(Path(world.state_dir))
    return build(world)
