"""Any rail's sandbox by the doors that all of them have."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import requests

from tests.support.shop import Shop, reference


@dataclass(frozen=True)
class RailSandbox:
    """`order_name` is what the rail calls the merchant's order number; `pay_options` go along when a payer pays."""

    url: str
    method: str
    currency: str
    rail: str
    order_name: str

    def created(self, shop: Shop, **fields: Any) -> dict[str, Any]:
        return shop.created(method=self.method, currency=self.currency, **fields)

    def settled(self, shop: Shop, **fields: Any) -> dict[str, Any]:
        payment = self.created(shop, **fields)
        self.pay(payment)
        return shop.await_state(payment["paymentId"], "SETTLED")

    def pay(self, payment: dict[str, Any], decision: str = "pay") -> None:
        """As the payer would, by whatever the payment's action is."""
        response = self.try_to_pay(payment, decision)
        assert response.ok, response.text

    def try_to_pay(self, payment: dict[str, Any], decision: str = "pay") -> requests.Response:
        asked = {"action": payment["action"], "decision": decision}
        return requests.post(f"{self.url}/_sandbox/{self.rail}/pay", json=asked, timeout=30)

    def do(self, step: str, **body: Any) -> dict[str, Any]:
        response = requests.post(f"{self.url}/{self.rail}/_sandbox/{step}", json=body, timeout=30)
        assert response.ok, response.text
        return response.json()

    def see(self, what: str, **query: str) -> dict[str, Any]:
        response = requests.get(f"{self.url}/{self.rail}/_sandbox/{what}", params=query, timeout=30)
        assert response.ok, response.text
        return response.json()

    def fault(self, payment: dict[str, Any], kind: str, method: str = "callback", **options: Any) -> None:
        self.do("faults", kind=kind, method=method, **{self.order_name: reference(payment)}, **options)

    def next_call(self, kind: str, **options: Any) -> None:
        """Whatever call comes next, of whatever order: only for a test that has the sandbox to itself."""
        self.do("faults", kind=kind, method="*", **options)

    def clear_faults(self) -> None:
        assert requests.delete(f"{self.url}/{self.rail}/_sandbox/faults", timeout=30).ok

    def callbacks(self, payment: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.see("callbacks", **{self.order_name: reference(payment)})["callbacks"]
        return found

    def await_callbacks(self, payment: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
        """The order's callbacks that were answered, whatever the answer, once there are `count` of them."""
        give_up_at = time.monotonic() + 10
        while True:
            found = [callback for callback in self.callbacks(payment) if callback["sends"]]
            if len(found) >= count:
                return found
            assert time.monotonic() < give_up_at, found
            time.sleep(0.05)

    def await_told(self, payment: dict[str, Any]) -> list[dict[str, Any]]:
        """The order's callbacks so far, once each was answered."""
        return self.await_callbacks(payment, len(self.callbacks(payment)))

    def resend(self, callback: dict[str, Any]) -> None:
        self.do(f"callbacks/{callback['id']}/resend", clean=True)

    def calls(self, payment: dict[str, Any]) -> int:
        return int(self.see("calls", **{self.order_name: reference(payment)})["count"])


RAILS = (
    ("ALIPAY", "CNY", "alipay", "out_trade_no"),
    ("WECHAT_PAY", "CNY", "wechat_pay", "out_trade_no"),
    ("UNIONPAY", "CNY", "unionpay", "order_id"),
    ("CREDIT_CARD", "EUR", "card", "reference"),
)


def rail_sandboxes(url: str) -> dict[str, RailSandbox]:
    """By the rail's name."""
    return {rail: RailSandbox(url, method, currency, rail, order) for method, currency, rail, order in RAILS}
