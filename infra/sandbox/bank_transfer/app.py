from flask import Blueprint

from infra.sandbox.world import World


def build(world: World) -> Blueprint:
    del world
    return Blueprint("bank_transfer", __name__)
