"""The simulated bank's door: payers, bookings and statement files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.shop import Shop


@dataclass(frozen=True)
class Bank:
    url: str
    settings: Mapping[str, str]
    shop: Shop

    def pay(self, payment: dict[str, Any], **wishes: Any) -> None:
        body = {"action": payment["action"], **wishes}
        requests.post(f"{self.url}/_sandbox/bank_transfer/pay", json=body, timeout=10).raise_for_status()

    def do(self, step: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/bank_transfer/_sandbox/{step}", json=body, timeout=10)
        answer.raise_for_status()
        return dict(answer.json())

    def entry_of(self, payment: dict[str, Any]) -> int:
        reference = payment["action"]["reference"]
        found = requests.get(f"{self.url}/bank_transfer/_sandbox/orders/{reference}", timeout=10).json()
        return int(found["transactions"][-1]["entry_id"])

    def statement(self, message: str, **query: str) -> bytes:
        """Today's, in one of the bank's formats."""
        name = "BANK_CNY_ACCOUNT_NUMBER" if message == "csv" else "BANK_EUR_IBAN"
        asked = {"account": self.settings[name], "format": message, **query}
        answer = requests.get(f"{self.url}/bank_transfer/statements", params=asked, timeout=20)
        answer.raise_for_status()
        return answer.content

    def import_statement(self, message: str = "camt053", **query: str) -> dict[str, Any]:
        """As the bank gives it, through the API."""
        kind = "text/csv" if message == "csv" else "application/xml"
        body = self.statement(message, **query)
        answer = self.shop.call("POST", "/bank-statements", data=body, headers={"Content-Type": kind})
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())
