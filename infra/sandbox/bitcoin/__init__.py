"""A Bitcoin node: Core's JSON-RPC (version 29) over a regtest chain of its own, and payers at any node.

The chain is real: blocks with proof of work, merkle roots and witness commitments, transactions with signatures,
so that Core takes it for its own. Inputs are P2WPKH; blocks come from nobody else.

Where the environment names another node (BITCOIN_RPC_URL, BITCOIN_RPC_USER, BITCOIN_RPC_PASSWORD), nothing is
simulated: payers pay, and the miner mines, at that one, which has a wallet named `faucet`.
"""

from flask import Blueprint

from infra.sandbox.bitcoin.account import provision
from infra.sandbox.world import World

__all__ = ["blueprint", "provision"]


def blueprint(world: World) -> Blueprint:
    from infra.sandbox.bitcoin.app import build  # noqa: PLC0415  Flask is not needed to provision

    return build(world)
