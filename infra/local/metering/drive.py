"""Payments driven through a running stack, without a question that a shop would not ask."""

import time
from collections.abc import Callable
from typing import Any, Self

import requests

from infra.local.demo_payment import PRICE, PRICES
from infra.local.stack import Stack

Json = dict[str, Any]
PATIENCE_SECONDS = 600.0
TIMEOUT_SECONDS = 60.0
QUIET_SECONDS = 3.0  # nudges come a second late, and cards' last callbacks later than what settles
UNSETTLED = "SELECT count(*) FROM payments WHERE state <> 'SETTLED'"
WAITING = "SELECT (SELECT count(*) FROM outbox_queue) + (SELECT count(*) FROM callback_queue)"


class NotSettled(Exception):
    """A payment did not end as it must, or its events were not sent."""


class Shop:
    """A shop and its payers. It learns what became of payments from the database, so that no call is counted."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._http = requests.Session()
        self._http.trust_env = False

    def __enter__(self) -> Self:
        self._session = self._stack.postgres.admin("paygate")
        self._database = self._session.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._session.__exit__()
        self._http.close()

    def pay(self, method: str, rail: str, currency: str) -> None:
        """A payment from its creation until its events are in Kafka, and read once."""
        payment = self.create(method, currency)
        self.let_pay(rail, payment)
        if rail == "bank_transfer":
            self._import()
        self.wait_settled()
        self._call("GET", f"/payments/{payment['paymentId']}")

    def create(self, method: str, currency: str) -> Json:
        order, price = f"COST_{method}_{time.time_ns()}", PRICES.get(currency, PRICE)
        body = {"orderId": order, "userId": 1, "amount": price, "currency": currency, "method": method}
        return self._call("POST", "/payments", json=body, headers={"Idempotency-Key": order})

    def let_pay(self, rail: str, payment: Json) -> None:
        url = f"{self._stack.sandbox.url}/_sandbox/{rail}/pay"
        self._http.post(url, json={"action": payment["action"]}, timeout=TIMEOUT_SECONDS).raise_for_status()

    def wait_paid(self, but: int = 0) -> None:
        """Until every payment is settled, or all but so many; events may wait."""
        self._until(lambda: self.sql(UNSETTLED) <= but, "a payment did not settle")

    def wait_settled(self) -> None:
        """Until every payment is settled, and everybody was told."""
        self.wait_paid()
        self._until(lambda: self.sql(WAITING) == 0, "callbacks or events are left")
        time.sleep(QUIET_SECONDS)

    def sql(self, statement: str) -> Any:
        """The first value of the first row."""
        return self._database.run(statement)[0][0]

    def _import(self) -> None:
        query = {"account": self._stack.env["BANK_EUR_IBAN"], "format": "camt054"}
        url = f"{self._stack.sandbox.url}/bank_transfer/statements"
        file = self._http.get(url, params=query, timeout=TIMEOUT_SECONDS)
        file.raise_for_status()
        self._call("POST", "/bank-statements", data=file.content, headers={"Content-Type": "application/xml"})

    def _call(self, method: str, path: str, **more: Any) -> Json:
        headers = {"Authorization": f"Bearer {self._stack.api_key}", **more.pop("headers", {})}
        url = self._stack.gateway.url + path
        answer = self._http.request(method, url, headers=headers, timeout=TIMEOUT_SECONDS, **more)
        answer.raise_for_status()
        document: Json = answer.json()
        return document

    def _until(self, is_so: Callable[[], bool], complaint: str) -> None:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            if time.monotonic() > give_up_at:
                raise NotSettled(complaint)
            time.sleep(0.2)
