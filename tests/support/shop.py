"""A shop: calls the API over HTTP as a stranger would, and knows nothing of what is behind it."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

import requests


@dataclass(frozen=True)
class Shop:
    """`api_key` is a bearer key with every scope; each call gets an idempotency key of its own unless given one."""

    url: str
    api_key: str

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.api_key}", **options.pop("headers", {})}
        options.setdefault("timeout", 30)
        return requests.request(method, self.url + path, headers=headers, **options)

    def create(self, *, key: str | None = None, **fields: Any) -> requests.Response:
        body = {"orderId": new_order(), "userId": 1, "amount": "100.00", "currency": "CNY", "method": "ALIPAY"}
        return self.call(
            "POST", "/payments", json={**body, **fields}, headers={"Idempotency-Key": key or new_key()}
        )

    def created(self, **fields: Any) -> dict[str, Any]:
        """A payment that the rail accepted."""
        response = self.create(**fields)
        assert response.status_code == 201, response.text
        return response.json()

    def status(self, payment_id: str, **query: str) -> dict[str, Any]:
        response = self.call("GET", f"/payments/{payment_id}", params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def refund(self, payment_id: str, *, key: str | None = None, **fields: Any) -> requests.Response:
        headers = {"Idempotency-Key": key or new_key()}
        return self.call("POST", f"/payments/{payment_id}/refunds", json=fields, headers=headers)

    def cancel(self, payment_id: str) -> requests.Response:
        return self.call("POST", f"/payments/{payment_id}/cancel")

    def await_state(self, payment_id: str, *states: str, seconds: float = 10) -> dict[str, Any]:
        """The payment once it is in one of `states`; fails with what it was instead."""
        give_up_at = time.monotonic() + seconds
        while True:
            payment = self.status(payment_id)
            if payment["state"] in states:
                return payment
            assert time.monotonic() < give_up_at, f"{payment['state']}, not {states}"
            time.sleep(0.05)


def new_order() -> str:
    return f"ORDER_{uuid.uuid4().hex}"


def new_key() -> str:
    return f"key-{uuid.uuid4().hex}"


def reference(payment: dict[str, Any]) -> str:
    """What the rail knows the payment's first attempt by (Alipay's out_trade_no)."""
    return payment["paymentId"].removeprefix("PAY_") + "01"
