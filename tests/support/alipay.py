"""The sandbox's Alipay: what a payer, an operator or a bad day does there."""

from __future__ import annotations

import time
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
        response = requests.post(f"{self.url}/_sandbox/alipay/pay", json={"action": payment["action"]}, timeout=30)
        assert response.ok, response.text

    def fault(self, kind: str, *, method: str, out_trade_no: str = "*", **options: Any) -> None:
        """Script one fault (infra/sandbox/alipay/faults.py); `method` is `alipay.trade.…` or `callback`."""
        self.do("faults", kind=kind, method=method, out_trade_no=out_trade_no, **options)

    def clear_faults(self) -> None:
        assert requests.delete(f"{self.url}/alipay/_sandbox/faults", timeout=30).ok

    def order(self, out_trade_no: str) -> dict[str, Any]:
        return self.see(f"orders/{out_trade_no}")

    def calls(self, method: str, out_trade_no: str = "") -> int:
        """How often the gateway's method was called, for one order where it is given."""
        return int(self.see("calls", method=method, out_trade_no=out_trade_no)["count"])

    def await_callbacks(self, out_trade_no: str, count: int, seconds: float = 10) -> list[dict[str, Any]]:
        """The order's callbacks once `count` of them are acknowledged."""
        give_up_at = time.monotonic() + seconds
        while True:
            callbacks = self.see("callbacks", out_trade_no=out_trade_no)["callbacks"]
            if sum(callback["state"] == "acknowledged" for callback in callbacks) >= count:
                return callbacks
            assert time.monotonic() < give_up_at, callbacks
            time.sleep(0.05)
