"""What a careful hand would ask the node for the same blocks: JSON-RPC in batches over requests, answers parsed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests

from infra.evm.contracts import TETHER, call_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.chains.made import Made

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
LOGS_AT_ONCE, HEADERS_AT_ONCE, WHOLE_AT_ONCE = 100, 50, 25
_JSON = {"Content-Type": "application/json"}


class Bare:
    def __init__(self, made: Made) -> None:
        self._made = made
        self._http = requests.Session()
        self._http.trust_env = False

    def tokens(self) -> None:
        """Transfers by ranges, and every header: each of these blocks brings money of ours."""
        self._transfers()
        for first, last in self._parts(HEADERS_AT_ONCE):
            self.ask([("eth_getBlockByNumber", [hex(each), False]) for each in range(first, last + 1)])

    def tokens_and_coin(self) -> None:
        """Transfers by ranges, and every block with its transactions."""
        self._transfers()
        for first, last in self._parts(WHOLE_AT_ONCE):
            self.ask([("eth_getBlockByNumber", [hex(each), True]) for each in range(first, last + 1)])

    def balances(self, count: int) -> None:
        """One by one, as who looks whether an order is paid asks for its address."""
        for number in range(1, count + 1):
            asked = {"to": TETHER, "data": call_data("Tether", "balanceOf(address)", number)}
            self.ask([("eth_call", [asked, "latest"])])

    def ask(self, questions: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        asked = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(questions)
        ]
        answers = json.loads(self._http.post(self._made.url, data=json.dumps(asked), headers=_JSON).content)
        return [each["result"] for each in answers]

    def _transfers(self) -> None:
        found = 0
        for first, last in self._parts(LOGS_AT_ONCE):
            where = {"fromBlock": hex(first), "toBlock": hex(last)}
            [logs] = self.ask([("eth_getLogs", [{"address": self._made.token, "topics": [TRANSFER], **where}])])
            found += len(logs)
        if found != self._made.transfers:
            raise AssertionError(f"{found} transfers")

    def _parts(self, size: int) -> Iterator[tuple[int, int]]:
        for first in range(self._made.first, self._made.last + 1, size):
            yield first, min(first + size - 1, self._made.last)

    def close(self) -> None:
        self._http.close()
