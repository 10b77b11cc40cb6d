"""The simulated node as its own payers and miners call it: as client.NodeRpc does, without a connection."""

import json
from decimal import Decimal
from typing import Any

from infra.sandbox.bitcoin.client import WALLET, RpcRefused
from infra.sandbox.bitcoin.rpc.numbers import written
from infra.sandbox.bitcoin.rpc.server import Api, Request


class OwnCaller:
    def __init__(self, api: Api) -> None:
        self._api = api

    def call(self, method: str, *params: Any) -> Any:
        return self._ask(None, method, list(params))

    def wallet(self, method: str, *params: Any, **named: Any) -> Any:
        return self._ask(WALLET, method, {"args": list(params), **named})

    def _ask(self, wallet: str | None, method: str, params: Any) -> Any:
        request = Request(method, params, None, has_id=False, is_version_2=False)
        answer, _ = self._api.run(self._api.node, wallet, request)
        if answer["error"] is not None:
            raise RpcRefused(method, answer["error"]["code"], answer["error"]["message"])
        return json.loads(written(answer["result"]), parse_float=Decimal)
