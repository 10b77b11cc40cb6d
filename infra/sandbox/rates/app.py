from flask import Blueprint

from infra.sandbox.rates import coinbase, coingecko, control, kraken
from infra.sandbox.rates.market import Market
from infra.sandbox.world import World


def build(world: World) -> Blueprint:
    del world
    market = Market()
    blueprint = Blueprint("rates", __name__)
    for part in (coinbase, kraken, coingecko, control):
        part.add_routes(blueprint, market)
    return blueprint
