"""Alipay's OpenAPI gateway (v2, RSA2), its cashier and its notifications.

Protocol: opendocs.alipay.com, "公共请求参数 / 公共响应参数" and the pages of the alipay.trade.* methods.
"""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.alipay.certificates import provision
from infra.sandbox.world import World

__all__ = ["blueprint", "provision"]


def blueprint(world: World) -> Blueprint:
    from infra.sandbox.alipay.app import build  # noqa: PLC0415  Flask is not needed to provision

    provision(Path(world.state_dir))
    return build(world)
