"""UnionPay's online gateway (全渠道 ACP 5.1.0), its cashier and its notifications.

Protocol: open.unionpay.com, 《网关支付产品接口规范》, 《二维码支付产品接口规范》, and for the codes
《平台接入接口规范-第5部分-附录》. Where the code rests on recordings of the test system instead, it says so; and
where on nothing but a guess, too.
"""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.unionpay.certificates import provision
from infra.sandbox.world import World

__all__ = ["blueprint", "provision"]


def blueprint(world: World) -> Blueprint:
    from infra.sandbox.unionpay.app import build  # noqa: PLC0415  Flask is not needed to provision

    provision(Path(world.state_dir))
    return build(world)
