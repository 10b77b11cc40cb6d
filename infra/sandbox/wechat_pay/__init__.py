"""WeChat Pay's merchant API (APIv3, direct merchants), its cashier and its callbacks.

Protocol: pay.weixin.qq.com/doc/v3/merchant, named in each module by the page's title. Error answers follow
what callers without credentials were seen to get on 2026-09-11; where neither told, the docstring says so.
"""

from pathlib import Path

from flask import Blueprint

from infra.sandbox.wechat_pay.merchant import provision
from infra.sandbox.world import World

__all__ = ["blueprint", "provision"]


def blueprint(world: World) -> Blueprint:
    from infra.sandbox.wechat_pay.app import build  # noqa: PLC0415  Flask is not needed to provision

    provision(Path(world.state_dir))
    return build(world)
