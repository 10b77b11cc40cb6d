"""Three public sources of rates, each on its own wire, whose rates, ages and failures a test decides.

/rates/coinbase   Coinbase: GET /v2/exchange-rates
/rates/kraken     Kraken: GET /0/public/Ticker
/rates/coingecko  CoinGecko: GET /api/v3/simple/price
/rates/_sandbox   the control door (control.py)
"""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.world import World


def blueprint(world: World) -> Blueprint:
    from infra.sandbox.rates.app import build  # noqa: PLC0415  not needed to provision

    return build(world)


def provision(directory: Path, base_url: str = "") -> dict[str, str]:
    """Nothing is kept: the sources have no merchants."""
    del directory
    return {
        "RATES_COINBASE_URL": f"{base_url}/rates/coinbase",
        "RATES_KRAKEN_URL": f"{base_url}/rates/kraken",
        "RATES_COINGECKO_URL": f"{base_url}/rates/coingecko/api/v3",
    }
