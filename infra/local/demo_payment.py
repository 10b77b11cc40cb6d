"""One payment shown step by step: created, paid by the sandbox's payer, settled, told of, and refunded in part."""

import io
import math
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests

from infra.local.listener import Listener
from infra.local.stack import Stack

STEP_SECONDS = 60.0  # functions that are deployed start cold, on a busy machine all at once
PRICE, REFUND = "88.00", "8.00"
PRICES, REFUNDS = {"ETH": "0.05", "BTC": "0.0015"}, {"ETH": "0.005", "BTC": "0.0005"}
"""Of currencies in which the usual price would be a fortune."""

CALLBACK_APPLIED = """
    SELECT 1 FROM callback_inbox i JOIN callback_outcomes o ON o.callback_id = i.id
    WHERE i.rail = :rail AND i.received_at >= CAST(:since AS timestamptz)
"""
T = TypeVar("T")


class NotSeen(Exception):
    """A step of the demo did not happen."""


@dataclass
class Row:
    method: str
    paymentId: str | None = None  # noqa: N815 (the names of demo.json)
    states: list[str] = field(default_factory=list)
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    seconds: float = 0.0
    ok: bool = False


class Demo:
    """A payment whose rail calls back and refunds at once; other ways have a Demo of their own."""

    def __init__(self, stack: Stack, listener: Listener) -> None:
        self._stack = stack
        self._listener = listener
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["Authorization"] = f"Bearer {stack.api_key}"

    def show(self, method: str, rail: str, currency: str) -> Row:
        """Every step, told as it is seen. The row is `ok` only if all were."""
        row = Row(method)
        started = time.monotonic()
        try:
            self._take_payment(row, rail, currency)
            row.ok = True
        except (NotSeen, requests.RequestException) as problem:
            print(f"  NOT SEEN: {problem}\n  The logs are {self._stack.directory}/*/*.log.")
        row.seconds = round(time.monotonic() - started, 2)
        return row

    def _take_payment(self, row: Row, rail: str, currency: str) -> None:
        payment = self._create(row, currency)
        self._show(payment["action"])
        self._pay(rail, payment["action"])
        self._settle(row, payment, rail)
        self._read_event(row)
        self._refund(row, currency)

    def _create(self, row: Row, currency: str) -> dict[str, Any]:
        order, price = f"DEMO_{row.method}_{time.time_ns()}", PRICES.get(currency, PRICE)
        body = {"orderId": order, "userId": 1, "amount": price, "currency": currency, "method": row.method}
        payment = self._post("/payments", body, key=order)
        row.paymentId = payment["paymentId"]
        row.states = states(payment)
        say(f"POST /payments: {row.paymentId}, {price} {currency}, {payment['state']}")
        if payment["action"] is None:
            raise NotSeen("the payment has no action")
        return payment

    def _show(self, action: dict[str, Any]) -> None:
        say(f"the payer gets: {action['type']}")
        if action["type"] == "QR_CODE":
            print(f"\n    {action['content']}")
            show_code(action["content"])

    def _pay(self, rail: str, action: dict[str, Any]) -> None:
        url = f"{self._stack.sandbox.url}/_sandbox/{rail}/pay"
        answer = self._http.post(url, json={"action": action}, timeout=STEP_SECONDS, headers={"Authorization": ""})
        if not answer.ok:
            raise NotSeen(f"the sandbox's payer could not pay: {answer.status_code} {answer.text[:200]}")
        say("the sandbox's payer paid")

    def _settle(self, row: Row, payment: dict[str, Any], rail: str) -> None:
        settled = self._wait_for(row, "SETTLED")
        self._wait_for_callback(rail, payment["createdAt"])
        received = f"{settled['amountReceived']} {payment['currency']} received"
        say(f"the callback came, verified, and settled it: {received}")

    def _wait_for(self, row: Row, state: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            payment = self._get(f"/payments/{row.paymentId}")
            row.states = states(payment)
            return payment if payment["state"] == state else None

        found = eventually(look, f"{row.paymentId} did not become {state}; it was {row.states}")
        say(f"GET /payments/{row.paymentId}: {state}")
        return found

    def _wait_for_callback(self, rail: str, since: str) -> None:
        def look() -> bool:
            with self._stack.postgres.admin("paygate") as admin:
                return bool(admin.run(CALLBACK_APPLIED, rail=rail, since=since))

        eventually(look, f"no callback of {rail} was applied")

    def _read_event(self, row: Row) -> None:
        record = self._listener.wait(row.paymentId, STEP_SECONDS)
        if record is None:
            raise NotSeen(f"no payments.settled event of {row.paymentId} was read from Kafka")
        row.topic, row.partition, row.offset = record.topic, record.partition, record.offset
        say(f"Kafka, consumer group {self._listener.group}: {record.value.decode()}")

    def _refund(self, row: Row, currency: str) -> None:
        self._ask_for_refund(row, currency)
        self._wait_for_refund(row)

    def _ask_for_refund(self, row: Row, currency: str, /, **fields: str) -> dict[str, Any]:
        path, amount = f"/payments/{row.paymentId}/refunds", REFUNDS.get(currency, REFUND)
        refund = self._post(path, {"amount": amount, **fields}, key=f"refund-{row.paymentId}")
        say(f"POST {path}: {amount} {currency}")
        return refund

    def _wait_for_refund(self, row: Row) -> None:
        payment = self._wait_for(row, "PARTIALLY_REFUNDED")
        if [refund["state"] for refund in payment["refunds"]] != ["SUCCEEDED"]:
            raise NotSeen(f"the refund did not succeed: {payment['refunds']}")

    def _post(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        return self._read(
            self._http.post(
                self._stack.gateway.url + path, json=body, headers={"Idempotency-Key": key}, timeout=STEP_SECONDS
            )
        )

    def _get(self, path: str) -> dict[str, Any]:
        return self._read(self._http.get(self._stack.gateway.url + path, timeout=STEP_SECONDS))

    def _read(self, answer: requests.Response) -> dict[str, Any]:
        if not answer.ok:
            raise NotSeen(f"{answer.request.method} {answer.request.path_url}: {answer.status_code} {answer.text}")
        document: dict[str, Any] = answer.json()
        return document


def states(payment: dict[str, Any]) -> list[str]:
    """The states passed through, in order; a state that was changed within counts once."""
    passed: list[str] = []
    for entry in payment["timeline"]:
        if not passed or passed[-1] != entry["state"]:
            passed.append(entry["state"])
    return passed


def eventually(look: Callable[[], T | None], complaint: str) -> T:
    give_up_at = time.monotonic() + STEP_SECONDS
    while time.monotonic() < give_up_at:
        if found := look():
            return found
        time.sleep(0.1)
    raise NotSeen(complaint)


def show_code(content: str, error: str | None = None) -> None:
    """`error` is the level of error correction; as good as fits if there is none.

    A terminal that is too narrow for it, or that has no such characters, shows none.
    """
    import segno

    code = segno.make(content, error=error, micro=False, boost_error=error is None)
    drawn = io.StringIO()
    code.terminal(drawn, compact=True, border=2)
    if code.symbol_size(border=2)[0] <= terminal_width() and is_printable(drawn.getvalue()):
        print(f"\n{drawn.getvalue()}", flush=True)


def terminal_width() -> float:
    """Columns; who writes to no terminal has as many as he likes."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf


def is_printable(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return True


def say(text: str) -> None:
    print(f"  {text}", flush=True)
