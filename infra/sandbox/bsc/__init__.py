"""BNB Smart Chain: a real node plays it; here is its payer only, who pays USDT of 18 decimals."""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.world import World


def blueprint(world: World) -> Blueprint:
    from infra.sandbox import evm  # noqa: PLC0415  not needed to provision

    return evm.door(evm.Network("bsc", {"USDT": 18, "BNB": 18}, native="BNB"), world)


def provision(directory: Path, base_url: str = "") -> dict[str, str]:
    """Nothing: a chain has no merchants, and whoever starts the node knows where it is."""
    del directory, base_url
    return {}
