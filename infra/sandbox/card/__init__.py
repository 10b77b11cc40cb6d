"""A card processor: Stripe's PaymentIntents API, hosted fields with test cards, webhooks.

Protocol: docs.stripe.com/api, version 2026-10-28.endive. What is simulated is in operations.py; a parameter that
the original has and the sandbox does not is refused, never left undone.
"""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.card.merchant import provision
from infra.sandbox.world import World

__all__ = ["blueprint", "provision"]


def blueprint(world: World) -> Blueprint:
    from infra.sandbox.card.app import build  # noqa: PLC0415  Flask is not needed to provision

    provision(Path(world.state_dir))
    return build(world)
