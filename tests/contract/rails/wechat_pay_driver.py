from collections.abc import Mapping
from typing import Any

import requests

from infra.local.secret_store import with_contents
from paygate.adapters.rails.http import RailHttp
from paygate.adapters.rails.wechat_pay.rail import WechatPayRail
from paygate.adapters.rails.wechat_pay.settings import WechatPaySettings, read
from paygate.domain.assets import CURRENCIES
from paygate.domain.money import Money
from paygate.ports import Action, RailUrls, TradeStatus
from tests.contract.rails import sandboxed
from tests.contract.rails.sandboxed import CALLBACK_FAULTS, QUICK, Now
from tests.contract.sandbox_client import Sandbox

METHODS = {
    "open": "native",
    "query": "query",
    "close": "close",
    "refund": "refund",
    "query_refund": "refund_query",
}
FAULTS = sandboxed.FAULTS | {
    "busy": {"kind": "busy"},
    "server_error": {"kind": "system_error", "work": True},
}
DOOR = "/wechat_pay/_sandbox"


def settings(sandbox: Sandbox, *, is_certified: bool) -> WechatPaySettings:
    """In certificate mode nothing is pinned: certificates are fetched when the first answer comes."""
    left_out = ("PUBLIC_KEY", "PLATFORM_CERTS") if is_certified else ()
    env = {
        name: value
        for name, value in with_contents(sandbox.settings()).items()
        if not any(part in name for part in left_out)
    }
    found = read(env | {"WECHAT_PAY_BASE_URL": f"{sandbox.url}/wechat_pay"})
    assert found is not None
    assert (found.public_key is None) == is_certified
    return found


class WechatPayDriver:
    statuses = (TradeStatus.PROCESSING, TradeStatus.FAILED)
    channels = ("QR", "H5", "JSAPI", "APP")
    calling_channel = "QR"

    def __init__(self, sandbox: Sandbox, *, is_certified: bool) -> None:
        self.name = "wechat_pay"
        self.settings = settings(sandbox, is_certified=is_certified)
        self._url = sandbox.url

    def rail(self, callback_url: str) -> WechatPayRail:
        return WechatPayRail(self.settings, RailUrls(callback_url, ""), Now(), RailHttp(**QUICK))  # type: ignore[arg-type]

    def leave(self) -> None:
        """Orders say themselves where to call back."""

    def amount(self, units: int) -> Money:
        return Money(units, CURRENCIES["CNY"])

    def look(self, reference: str) -> None:
        """An order waits from the moment it is opened, whoever looks."""

    def pay(self, action: Action) -> None:
        self._post("/_sandbox/wechat_pay/pay", {"action": {"type": action.type, **action.fields}})

    def become(self, status: TradeStatus, action: Action, reference: str) -> None:
        del action
        state = {TradeStatus.PROCESSING: "USERPAYING", TradeStatus.FAILED: "PAYERROR"}[status]
        self.do("state", out_trade_no=reference, trade_state=state)

    def finish(self, reference: str) -> None:
        """Nothing says so at WeChat Pay."""

    def fail_next(self, operation: str, reference: str, kind: str) -> None:
        is_bodiless = (operation, kind) == ("close", "garbage")  # a 204 has nothing to spoil but its signature
        fault = {"kind": "unsigned"} if is_bodiless else FAULTS[kind]
        self.do("faults", method=METHODS[operation], out_trade_no=reference, **fault)

    def change_callback(self, reference: str, kind: str) -> None:
        self.do("faults", method="callback", out_trade_no=reference, kind=CALLBACK_FAULTS[kind])

    def calls(self, reference: str) -> int:
        found: int = self.see("calls", out_trade_no=reference)["count"]
        return found

    def books(self, reference: str) -> Mapping[str, Any] | None:
        order = self.see(f"orders/{reference}")
        if "total" not in order:
            return None
        paid = order["total"] if order["paid_at"] else 0
        return {"paid": paid, "refunded": order["refunded"], "refunds": len(order["refunds"])}

    def do(self, step: str, **body: Any) -> None:
        """At the sandbox's control door."""
        self._post(f"{DOOR}/{step}", body)

    def see(self, what: str, **query: str) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self._url}{DOOR}/{what}", params=query, timeout=10).json()
        return found

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        requests.post(self._url + path, json=body, timeout=10).raise_for_status()
