"""The sandboxed card processor: what a payer with a certain card, a bank or a dashboard does there."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.rails import RailSandbox
from tests.support.shop import Shop, reference

ALWAYS_DECLINED = "pm_card_visa_chargeDeclined"
CHALLENGED = "pm_card_threeDSecure2Required"
SLOW = "pm_sandbox_processing"
REFUND_FAILS = "pm_card_refundFail"
REFUND_PENDING = "pm_card_pendingRefund"


class Card(RailSandbox):
    """Payments are of 100.00 euros."""

    def at(self, payment: dict[str, Any], step: str, **body: Any) -> dict[str, Any]:
        """A step of the control door for the payment's intent: confirm, authenticate, settle, disputes …"""
        return self.do(step, reference=reference(payment), **body)

    def use(self, payment: dict[str, Any], card: str) -> None:
        """The payer confirms with that card, whatever comes of it."""
        self.at(payment, "confirm", payment_method=card)

    def paid_with(self, shop: Shop, card: str) -> dict[str, Any]:
        payment = self.created(shop)
        self.use(payment, card)
        return shop.await_state(payment["paymentId"], "SETTLED")

    def books(self, payment: dict[str, Any]) -> dict[str, Any]:
        return self.see(f"orders/{reference(payment)}")

    def intent(self, payment: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.books(payment)["payment_intent"]
        return found

    def disputed(self, payment: dict[str, Any], **asked: Any) -> str:
        """The new dispute's id."""
        found: str = self.at(payment, "disputes", **asked)["disputes"][-1]["id"]
        return found

    def decide(self, dispute: str, step: str, **asked: Any) -> None:
        url = f"{self.url}/card/_sandbox/disputes/{dispute}"
        response = requests.post(url, json={"step": step, **asked}, timeout=30)
        assert response.ok, response.text

    def told(self, payment: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        """The callbacks of that type about the payment's order."""
        return [one for one in self.callbacks(payment) if one["params"]["event"]["type"] == kind]


def card(url: str) -> Card:
    return Card(url, "CREDIT_CARD", "EUR", "card", "reference")
