from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests

from paygate.adapters.rails.bank_transfer.rail import CHANNEL, BankTransferRail
from paygate.adapters.rails.bank_transfer.settings import read
from paygate.adapters.rails.http import RailHttp
from paygate.domain.assets import CURRENCIES
from paygate.domain.money import Money
from paygate.ports import Action, RailUrls, TradeStatus
from tests.contract.sandbox_client import Sandbox


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


class BankTransferDriver:
    """In yuan, where a reference may be any text. What a bank does instead of answering is in statements:
    tests/integration/test_bank_scenarios.py.
    """

    statuses: tuple[TradeStatus, ...] = ()
    channels = (CHANNEL,)
    calling_channel = CHANNEL  # none calls

    def __init__(self, sandbox: Sandbox) -> None:
        self.name = "bank_transfer"
        self._sandbox = sandbox
        settings = read(sandbox.settings())
        assert settings is not None
        self._settings = settings

    def rail(self, callback_url: str) -> BankTransferRail:
        return BankTransferRail(self._settings, RailUrls(callback_url, ""), Now(), RailHttp())

    def leave(self) -> None:
        """A bank calls nobody back."""

    def amount(self, units: int) -> Money:
        return Money(units, CURRENCIES["CNY"])

    def look(self, reference: str) -> None:
        """Nobody sees it."""

    def pay(self, action: Action) -> None:
        asked = {"action": {"type": action.type, **action.fields}}
        requests.post(f"{self._sandbox.url}/_sandbox/bank_transfer/pay", json=asked, timeout=5).raise_for_status()

    def become(self, status: TradeStatus, action: Action, reference: str) -> None:
        raise AssertionError(status)

    def finish(self, reference: str) -> None:
        """Nothing says so at a bank."""

    def fail_next(self, operation: str, reference: str, kind: str) -> None:
        raise AssertionError("nothing is asked of a bank")

    def change_callback(self, reference: str, kind: str) -> None:
        raise AssertionError("banks do not call back")

    def calls(self, reference: str) -> int:
        return 0

    def books(self, reference: str) -> Mapping[str, Any] | None:
        url = f"{self._sandbox.url}/bank_transfer/_sandbox/orders/{reference}"
        found = requests.get(url, timeout=5).json()
        payouts = [one for one in found["transactions"] if not one["is_credit"]]
        return {"paid": found["received"], "refunded": found["paid_out"], "refunds": len(payouts)}
