from collections.abc import Mapping
from typing import Any

import requests

from infra.local.secret_store import with_contents
from paygate.adapters.rails.http import RailHttp
from paygate.adapters.rails.unionpay.rail import UnionPayRail
from paygate.adapters.rails.unionpay.settings import UnionPaySettings, read
from paygate.domain.assets import CURRENCIES
from paygate.domain.money import Money
from paygate.ports import Action, RailUrls, TradeStatus
from tests.contract.rails import sandboxed
from tests.contract.rails.sandboxed import CALLBACK_FAULTS, QUICK, Now
from tests.contract.sandbox_client import Sandbox

METHODS = {"open": "qr", "query": "query", "refund": "refund", "query_refund": "query"}
FAULTS = sandboxed.FAULTS | {"busy": {"kind": "refuse", "respCode": "06"}}


def settings(sandbox: Sandbox) -> UnionPaySettings:
    found = read(with_contents(sandbox.settings()) | {"UNIONPAY_GATEWAY_URL": f"{sandbox.url}/unionpay"})
    assert found is not None
    return found


class UnionPayDriver:
    statuses = (TradeStatus.PROCESSING,)
    channels = ("WEB", "H5", "APP", "QR")
    calling_channel = "QR"

    def __init__(self, sandbox: Sandbox) -> None:
        self.name = "unionpay"
        self._sandbox = sandbox
        self._settings = settings(sandbox)

    def rail(self, callback_url: str) -> UnionPayRail:
        urls = RailUrls(callback_url, "https://pay.example/return")
        return UnionPayRail(self._settings, urls, Now(), RailHttp(**QUICK))  # type: ignore[arg-type]

    def leave(self) -> None:
        """Orders say themselves where to call back."""

    def amount(self, units: int) -> Money:
        return Money(units, CURRENCIES["CNY"])

    def look(self, reference: str) -> None:
        self._do("begin", order_id=reference)

    def pay(self, action: Action) -> None:
        self._post("/_sandbox/unionpay/pay", {"action": {"type": action.type, **action.fields}})

    def become(self, status: TradeStatus, action: Action, reference: str) -> None:
        assert status is TradeStatus.PROCESSING
        self._do("outcome", order_id=reference, resp_code="03")
        self.pay(action)

    def finish(self, reference: str) -> None:
        """Nothing says so at UnionPay."""

    def fail_next(self, operation: str, reference: str, kind: str) -> None:
        """Refunds have order numbers of their own, so what is asked about them fails whatever the number."""
        order_id = reference if operation in ("open", "query") else "*"
        self._do("faults", method=METHODS[operation], order_id=order_id, **FAULTS[kind])

    def change_callback(self, reference: str, kind: str) -> None:
        self._do("faults", method="callback", order_id=reference, kind=CALLBACK_FAULTS[kind])

    def calls(self, reference: str) -> int:
        """What the payer's browser posts is none of ours."""
        calls = self._sandbox_sees("calls", order_id=reference)["calls"]
        return sum(call["method"] != "front" for call in calls)

    def books(self, reference: str) -> Mapping[str, Any] | None:
        order = self._sandbox_sees(f"orders/{reference}")
        if "txn_amt" not in order:
            return None
        return {"paid": order["paid"], "refunded": order["returned"], "refunds": len(order["refunds"])}

    def _sandbox_sees(self, what: str, **query: str) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(
            f"{self._sandbox.url}/unionpay/_sandbox/{what}", params=query, timeout=10
        ).json()
        return found

    def _do(self, step: str, **body: Any) -> None:
        self._post(f"/unionpay/_sandbox/{step}", body)

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        requests.post(self._sandbox.url + path, json=body, timeout=10).raise_for_status()
