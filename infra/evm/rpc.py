"""A local node by its JSON-RPC (ethereum.org/developers/docs/apis/json-rpc), whose accounts are unlocked."""

import itertools
import time
from typing import Any

import requests

CALL_SECONDS = 60.0
RECEIPT_SECONDS = 20.0


class RpcError(Exception):
    """The node's own words."""


class NotMined(Exception):
    """A transaction is in no block after a while."""


class Node:
    def __init__(self, url: str, timeout: float = CALL_SECONDS) -> None:
        self.url = url
        self._timeout = timeout
        self._numbers = itertools.count(1)
        self._http = requests.Session()
        self._http.trust_env = False

    def call(self, method: str, *params: Any) -> Any:
        asked = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": list(params)}
        response = self._http.post(self.url, json=asked, timeout=self._timeout)
        response.raise_for_status()
        answer = response.json()
        if "error" in answer:
            raise RpcError(f"{method}: {answer['error'].get('message')}")
        return answer["result"]

    def number(self, method: str, *params: Any) -> int:
        return int(self.call(method, *params), 16)

    def block(self, height: int | str, *, is_full: bool = False) -> dict[str, Any]:
        """By its height or tag; `is_full` with the transactions themselves."""
        at = height if isinstance(height, str) else hex(height)
        found: dict[str, Any] = self.call("eth_getBlockByNumber", at, is_full)
        return found

    def send(self, sender: str, to: str | None, data: str = "0x", *, value: int = 0, gas: int | None = None) -> str:
        """The transaction's hash; it may be in no block yet. `to` None makes a contract.

        Without `gas` the node tries the transaction first and refuses one that would fail.
        """
        transaction = {"from": sender, "data": data, "value": hex(value)}
        transaction |= {"to": to} if to else {}
        transaction |= {"gas": hex(gas)} if gas else {}
        found: str = self.call("eth_sendTransaction", transaction)
        return found

    def receipt(self, tx_hash: str, seconds: float = RECEIPT_SECONDS) -> dict[str, Any]:
        """Once the transaction is in a block: a node that mines at once answers a moment before it does."""
        give_up_at = time.monotonic() + seconds
        while True:
            receipt: dict[str, Any] | None = self.call("eth_getTransactionReceipt", tx_hash)
            if receipt is not None:
                return receipt
            if time.monotonic() > give_up_at:
                raise NotMined(tx_hash)
            time.sleep(0.005)

    def close(self) -> None:
        self._http.close()
