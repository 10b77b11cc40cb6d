"""A caller of Core's JSON-RPC, for whoever pays, mines and disturbs: the payer's door, the local stack, tests."""

import json
from decimal import Decimal
from typing import Any, Protocol

import requests

WALLET = "faucet"
NOBODY = "bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202"
"""Where rewards go that nobody needs: a key hash of zeros. A wallet writes down each of its own."""


class RpcRefused(Exception):
    """The node answered with an error: its number (bitcoin/src/rpc/protocol.h) and its words."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: {message} ({code})")
        self.code, self.message = code, message


class Caller(Protocol):
    def call(self, method: str, *params: Any) -> Any: ...

    def wallet(self, method: str, *params: Any, **named: Any) -> Any: ...


class NodeRpc:
    """`call` and `named` for the node, `wallet` for its rich wallet. Amounts come and go as Decimal, in bitcoins.

    Raises requests' exceptions when nothing, or nothing that can be read, is answered.
    """

    def __init__(self, url: str, user: str, password: str, timeout: float = 60) -> None:
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = (user, password)

    def call(self, method: str, *params: Any) -> Any:
        return self._ask(self.url, method, list(params))

    def wallet(self, method: str, *params: Any, **named: Any) -> Any:
        """Of the rich wallet; `named` parameters may follow those given by position."""
        asked = {"args": list(params), **named} if named else list(params)
        return self._ask(f"{self.url}/wallet/{WALLET}", method, asked)

    def close(self) -> None:
        self._session.close()

    def _ask(self, url: str, method: str, params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, default=_amount)
        response = self._session.post(url, data=body, timeout=self._timeout)
        if response.status_code in (401, 403) or not response.content:
            response.raise_for_status()
        answer = json.loads(response.content, parse_float=Decimal)
        if answer.get("error") is not None:
            raise RpcRefused(method, answer["error"]["code"], answer["error"]["message"])
        return answer["result"]


def _amount(value: object) -> str:
    """Core takes an amount as text as well as a number ("Monetary amounts" in doc/JSON-RPC-interface.md)."""
    if isinstance(value, Decimal):
        return f"{value:.8f}"
    raise TypeError(f"no JSON for {type(value).__name__}")
