import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from paygate.domain.money import Money
from paygate.ports import (
    Ability,
    Action,
    CallbackRequest,
    Observation,
    Order,
    PaymentRail,
    RefundAnswer,
    RefundOrder,
    RefundStatus,
)
from tests.contract.rails.drivers import NAMES, Driver, drivers
from tests.contract.sandbox_client import Inbox, Sandbox, inbox
from tests.support.abilities import is_able


@dataclass
class Bench:
    """One rail under test, its callbacks' inbox, and an order of its own."""

    driver: Driver
    rail: PaymentRail
    inbox: Inbox
    order: Order

    @property
    def reference(self) -> str:
        return self.order.reference

    def amount(self, units: int) -> Money:
        return self.driver.amount(units)

    def changed(self, **changes: object) -> Order:
        return replace(self.order, **changes)  # type: ignore[arg-type]

    def open(self) -> Action:
        """The order is asked about by the rail's own number from now on, where opening it told one."""
        action = self.rail.open(self.order)
        self.order = self.changed(rail_id=action.rail_id)
        return action

    def paid(self) -> Action:
        action = self.open()
        self.driver.pay(action)
        return action

    def refund_order(self, units: int, reference: str = "F1") -> RefundOrder:
        return RefundOrder(
            self.order,
            self.refund_reference(reference),
            self.amount(units),
            self.order.opened_at,
            "changed mind",
        )

    def refund_reference(self, reference: str) -> str:
        return f"{self.reference[:20]}{reference}"

    def refund(self, units: int, reference: str = "F1") -> RefundAnswer:
        """What becomes of it, where the rail takes its time as well."""
        answer = self.rail.refund(self.refund_order(units, reference))
        is_later = Ability.REFUND_AT_ONCE in self.rail.inabilities and answer.status is RefundStatus.PENDING
        return self.known_refund(units, reference) if is_later else answer

    def known_refund(self, units: int, reference: str = "F1") -> RefundAnswer:
        """What the rail knows of it once it is no longer under way."""
        give_up_at = time.monotonic() + 5
        while True:
            known = self.rail.query_refund(self.refund_order(units, reference))
            if known.status is not RefundStatus.PENDING or time.monotonic() > give_up_at:
                return known
            time.sleep(0.01)

    def callback(self, number: int = 0) -> CallbackRequest:
        """The callback that came as that one, as bytes."""
        body = self.inbox.wait(number + 1)[number]
        return CallbackRequest(body, self.inbox.headers[number])

    def observed(self, number: int = 0) -> Observation:
        """What is believed upon that callback: when it is a hint, what the rail answers to a question."""
        seen = self.rail.read_callback(self.callback(number))
        assert seen is not None
        if not seen.is_hint:
            return seen
        return replace(self.rail.query(self.changed(rail_id=seen.rail_id)), refund=seen.refund)


@pytest.fixture(scope="session")
def all_drivers(sandbox: Sandbox) -> dict[str, Driver]:
    return drivers(sandbox)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that needs an ability is not made for a rail that does not have it."""
    if "bench" in metafunc.fixturenames:
        able = [name for name in NAMES if is_able(name.split()[0], metafunc.definition)]
        metafunc.parametrize("bench", able, indirect=True)


@pytest.fixture
def bench(request: pytest.FixtureRequest, all_drivers: dict[str, Driver]) -> Iterator[Bench]:
    driver = all_drivers[request.param]
    with inbox() as opened:
        now = datetime.now(UTC).replace(microsecond=0)
        order = Order(
            reference=uuid4().hex[:28],
            channel=driver.calling_channel,
            amount=driver.amount(10000),
            subject="Tea 茶 100% + more",
            opened_at=now,
            expires_at=now + timedelta(minutes=30),
            return_url="https://shop.example/back?a=1&b=2",
            payment_id="PAY_01K6FZ1E8M9N0P1Q2R3S4T5V6W",
            payer_id="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            payer_ip="203.0.113.7",
        )
        yield Bench(driver, driver.rail(opened.url), opened, order)
        driver.leave()
