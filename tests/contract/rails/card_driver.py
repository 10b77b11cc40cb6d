from collections.abc import Mapping
from typing import Any

import requests

from infra.local.secret_store import with_contents
from paygate.adapters.rails.card.rail import CardRail
from paygate.adapters.rails.card.settings import CardSettings, read
from paygate.adapters.rails.http import RailHttp
from paygate.domain.assets import CURRENCIES
from paygate.domain.money import Money
from paygate.ports import Action, RailUrls, TradeStatus
from tests.contract.rails import sandboxed
from tests.contract.rails.sandboxed import QUICK, Now
from tests.contract.sandbox_client import Sandbox

OPERATIONS = {
    "open": "payment_intents.create",
    "query": "payment_intents.retrieve",
    "close": "payment_intents.cancel",
    "refund": "refunds.create",
    "query_refund": "refunds.list",
}
# Answers are not signed; what another program answers in the processor's place is no answer of its.
FAULTS = sandboxed.FAULTS | {
    "busy": {"kind": "lock_timeout"},
    "forged": {"kind": "refuse", "status": 401},
}
CALLBACK_FAULTS = sandboxed.CALLBACK_FAULTS | {"merchant": "other_merchant", "unsigned": "wrong_secret"}
EVENTS = ["payment_intent.succeeded", "payment_intent.canceled", "refund.created", "refund.failed"]
ENDPOINT = "we_contract"


def settings(sandbox: Sandbox, **changes: str) -> CardSettings:
    env = {name: value for name, value in with_contents(sandbox.settings()).items() if name.startswith("CARD_")}
    found = read(env | {"CARD_API_URL": f"{sandbox.url}/card", **changes})
    assert found is not None
    return found


class CardDriver:
    name = "card"
    statuses = (TradeStatus.PROCESSING,)
    channels = ("WEB",)
    calling_channel = "WEB"

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._settings = settings(sandbox)

    def rail(self, callback_url: str) -> CardRail:
        """The processor calls back where its dashboard says, and not where an order says."""
        self._do("webhook_endpoint", id=ENDPOINT, url=callback_url, enabled_events=EVENTS)
        return CardRail(self._settings, RailUrls(callback_url, ""), Now(), RailHttp(**QUICK))  # type: ignore[arg-type]

    def leave(self) -> None:
        url = f"{self._sandbox.url}/card/_sandbox/webhook_endpoint/{ENDPOINT}"
        requests.delete(url, timeout=10).raise_for_status()

    def amount(self, units: int) -> Money:
        return Money(units, CURRENCIES["EUR"])

    def look(self, reference: str) -> None:
        """A PaymentIntent is there from the moment it was made."""

    def pay(self, action: Action) -> None:
        self._post("/_sandbox/card/pay", {"action": {"type": action.type, **action.fields}})

    def become(self, status: TradeStatus, action: Action, reference: str) -> None:
        assert status is TradeStatus.PROCESSING
        self._do("confirm", reference=reference, payment_method="pm_sandbox_processing")

    def finish(self, reference: str) -> None:
        """Nothing more is said."""

    def fail_next(self, operation: str, reference: str, kind: str) -> None:
        self._do("faults", method=OPERATIONS[operation], reference=reference, **FAULTS[kind])

    def change_callback(self, reference: str, kind: str) -> None:
        self._do("faults", method="callback", reference=reference, kind=CALLBACK_FAULTS[kind])

    def calls(self, reference: str) -> int:
        found: int = self._sandbox.at("card").see("calls", reference=reference)["count"]
        return found

    def books(self, reference: str) -> Mapping[str, Any] | None:
        order = self._sandbox.at("card").see(f"orders/{reference}")
        if "paid" not in order:
            return None
        return {"paid": order["paid"], "refunded": order["refunded"], "refunds": len(order["refunds"])}

    def _do(self, step: str, **body: Any) -> None:
        self._post(f"/card/_sandbox/{step}", body)

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        requests.post(self._sandbox.url + path, json=body, timeout=10).raise_for_status()
