from collections.abc import Mapping
from typing import Any

import requests

from infra.local.secret_store import with_contents
from paygate.adapters.rails.alipay.rail import AlipayRail
from paygate.adapters.rails.alipay.settings import AlipaySettings, read
from paygate.adapters.rails.http import RailHttp
from paygate.domain.assets import CURRENCIES
from paygate.domain.money import Money
from paygate.ports import Action, RailUrls, TradeStatus
from tests.contract.rails import sandboxed
from tests.contract.rails.sandboxed import QUICK, Now
from tests.contract.sandbox_client import Sandbox

METHODS = {
    "open": "alipay.trade.precreate",
    "query": "alipay.trade.query",
    "close": "alipay.trade.close",
    "refund": "alipay.trade.refund",
    "query_refund": "alipay.trade.fastpay.refund.query",
}
FAULTS = sandboxed.FAULTS | {"busy": {"kind": "system_error"}}
CALLBACK_FAULTS = sandboxed.CALLBACK_FAULTS | {"merchant": "wrong_seller"}


def settings(sandbox: Sandbox, *, is_certified: bool) -> AlipaySettings:
    left_out = "ALIPAY_PUBLIC_KEY" if is_certified else "_CERT"
    env = {name: value for name, value in with_contents(sandbox.settings()).items() if left_out not in name}
    found = read(env | {"ALIPAY_GATEWAY_URL": f"{sandbox.url}/alipay/gateway.do"})
    assert found is not None
    assert (found.certificate_numbers is not None) == is_certified
    return found


class AlipayDriver:
    statuses = ()
    channels = ("QR", "WEB", "H5", "APP")
    calling_channel = "QR"

    def __init__(self, sandbox: Sandbox, *, is_certified: bool) -> None:
        self.name = "alipay"
        self._sandbox = sandbox
        self._settings = settings(sandbox, is_certified=is_certified)

    def rail(self, callback_url: str) -> AlipayRail:
        return AlipayRail(self._settings, RailUrls(callback_url, ""), Now(), RailHttp(**QUICK))  # type: ignore[arg-type]

    def leave(self) -> None:
        """Orders say themselves where to call back."""

    def amount(self, units: int) -> Money:
        return Money(units, CURRENCIES["CNY"])

    def look(self, reference: str) -> None:
        self._do("scan", out_trade_no=reference)

    def pay(self, action: Action) -> None:
        self._post("/_sandbox/alipay/pay", {"action": {"type": action.type, **action.fields}})

    def become(self, status: TradeStatus, action: Action, reference: str) -> None:
        raise AssertionError("Alipay has no other states")

    def finish(self, reference: str) -> None:
        self._do("finish", out_trade_no=reference)

    def fail_next(self, operation: str, reference: str, kind: str) -> None:
        self._do("faults", method=METHODS[operation], out_trade_no=reference, **FAULTS[kind])

    def change_callback(self, reference: str, kind: str) -> None:
        self._do("faults", method="callback", out_trade_no=reference, kind=CALLBACK_FAULTS[kind])

    def calls(self, reference: str) -> int:
        found: int = self._sandbox.see("calls", out_trade_no=reference)["count"]
        return found

    def books(self, reference: str) -> Mapping[str, Any] | None:
        order = self._sandbox.see(f"orders/{reference}")
        if "total" not in order:
            return None
        paid = order["total"] if order["paid_at"] else 0
        return {"paid": paid, "refunded": order["refunded"], "refunds": len(order["refunds"])}

    def _do(self, step: str, **body: Any) -> None:
        self._post(f"/alipay/_sandbox/{step}", body)

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        requests.post(self._sandbox.url + path, json=body, timeout=10).raise_for_status()
