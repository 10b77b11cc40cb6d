"""The sandbox's Alipay: what a payer, an operator or a bad day does there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests


@dataclass(frozen=True)
class Alipay:
    url: str

    def do(self, step: str, **body: Any) -> dict[str, Any]:
        """Post to the sandbox's control door: scan, pay, decline, finish, console-refund, faults, resend …"""
        response = requests.post(f"{self.url}/alipay/_sandbox/{step}", json=body, timeout=30)
        assert response.ok, response.text
        return response.json()

    def see(self, what: str, **query: str) -> dict[str, Any]:
        """Get from it: orders, calls, callbacks, ledger …"""
        response = requests.get(f"{self.url}/alipay/_sandbox/{what}", params=query, timeout=30)
        assert response.ok, response.text
        return response.json()

    def pay(self, payment: dict[str, Any]) -> None:
        """As the payer would, by whatever the payment's action is."""
        response = requests.post(
            f"{self.url}/_sandbox/alipay/pay", json={"action": payment["action"]}, timeout=30
        )
        assert response.ok, response.text
