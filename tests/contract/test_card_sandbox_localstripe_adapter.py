"""Our card adapter at localstripe, somebody else's simulator of the processor, run as a program of its own.

What localstripe does not do, and the contract suite tries on our own sandbox: Idempotency-Key, disputes, refunds
that are pending or fail, answers that get lost. Its events lack amount_received: only their signatures are judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from paygate.adapters.rails.card.rail import CardRail
from paygate.adapters.rails.card.settings import read
from paygate.adapters.rails.card.signature import verify
from paygate.adapters.rails.http import RailHttp
from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import CallbackRefused
from paygate.domain.money import Money
from paygate.ports import Order, RailUrls, RefundOrder, RefundStatus, TradeStatus
from tests.contract.card_merchant import Delivery, Mailbox, serving
from tests.contract.localstripe import PUBLISHABLE_KEY, SECRET_KEY, Localstripe

SECRETS = ("whsec_the_new_one", "whsec_the_old_one")
EVENTS = ["payment_intent.succeeded"]


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Bench:
    localstripe: Localstripe
    rail: CardRail
    order: Order

    def opened(self, *, is_manual: bool = False) -> tuple[Order, str]:
        """The order with its number there, and what the payer's browser is given."""
        rail = make_rail(self.localstripe, "manual") if is_manual else self.rail
        action = rail.open(self.order)
        return replace(self.order, rail_id=action.rail_id), str(action.fields["clientSecret"])

    def paid(self) -> Order:
        order, secret = self.opened()
        self.localstripe.pay(secret)
        return order


@pytest.fixture(scope="module")
def localstripe() -> Iterator[Localstripe]:
    with Localstripe() as running:
        yield running


def make_rail(localstripe: Localstripe, capture_method: str = "automatic") -> CardRail:
    env = {
        "CARD_API_URL": localstripe.url,
        "CARD_SECRET_KEY": SECRET_KEY,
        "CARD_PUBLISHABLE_KEY": PUBLISHABLE_KEY,
        "CARD_WEBHOOK_SECRETS": ",".join(SECRETS),
        "CARD_CAPTURE_METHOD": capture_method,
    }
    settings = read(env)
    assert settings is not None
    return CardRail(settings, RailUrls("", ""), Now(), RailHttp())


@pytest.fixture
def bench(localstripe: Localstripe) -> Bench:
    now = datetime.now(UTC).replace(microsecond=0)
    order = Order(
        reference=uuid4().hex[:28].upper(),
        channel="WEB",
        amount=Money(1000, CURRENCIES["EUR"]),
        subject="Tea 茶 & more",
        opened_at=now,
        expires_at=now + timedelta(minutes=30),
        payment_id=str(uuid4()),
    )
    return Bench(localstripe, make_rail(localstripe), order)


def test_paid(bench: Bench) -> None:
    order, secret = bench.opened()
    assert bench.rail.query(order).status is TradeStatus.WAITING
    bench.localstripe.pay(secret)
    seen = bench.rail.query(order)
    assert (seen.status, seen.amount, seen.reference) == (TradeStatus.PAID, order.amount, order.reference)


def test_found_by_our_number(bench: Bench) -> None:
    order = bench.paid()
    assert bench.rail.query(replace(order, rail_id=None)).status is TradeStatus.PAID
    assert bench.rail.query(replace(order, rail_id=None, reference="NOBODY")).status is TradeStatus.ABSENT


def test_declined(bench: Bench) -> None:
    order, secret = bench.opened()
    bench.localstripe.pay(secret, "pm_card_chargeCustomerFail")
    seen = bench.rail.query(order)
    assert (seen.status, seen.reason) == (TradeStatus.WAITING, "card_declined")


@pytest.mark.parametrize(("is_passed", "status"), [(True, TradeStatus.PAID), (False, TradeStatus.WAITING)])
def test_three_d_secure(bench: Bench, *, is_passed: bool, status: TradeStatus) -> None:
    order, secret = bench.opened()
    bench.localstripe.challenge(secret, is_passed=is_passed)
    assert bench.rail.query(order).status is status


def test_closed(bench: Bench) -> None:
    order, _ = bench.opened()
    assert bench.rail.close(order).status is TradeStatus.CLOSED
    assert bench.rail.close(order).status is TradeStatus.CLOSED


def test_what_is_paid_is_not_closed(bench: Bench) -> None:
    assert bench.rail.close(bench.paid()).status is TradeStatus.PAID


def test_captured(bench: Bench) -> None:
    order, secret = bench.opened(is_manual=True)
    bench.localstripe.pay(secret)
    assert bench.rail.query(order).status is TradeStatus.PROCESSING
    assert bench.rail.capture(order).status is TradeStatus.PAID


def test_refunded_in_parts(bench: Bench) -> None:
    order = bench.paid()
    asked = [
        RefundOrder(
            order, f"{order.reference[:24]}R{n}", Money(units, order.amount.asset), datetime.now(UTC), "why"
        )
        for n, units in enumerate((300, 700))
    ]
    assert [bench.rail.refund(one).status for one in asked] == [RefundStatus.SUCCEEDED] * 2
    assert bench.rail.query_refund(asked[0]).status is RefundStatus.SUCCEEDED
    absent = replace(asked[0], reference="NOBODY")
    assert bench.rail.query_refund(absent).status is RefundStatus.ABSENT
    assert bench.rail.query(order).refunded == order.amount


def test_told(bench: Bench) -> None:
    with serving() as box:
        bench.localstripe.register("we_adapter", box.url, SECRETS[1], EVENTS)
        order = bench.paid()
        delivery = _about(order, box)
    mark, now = delivery.headers["Stripe-Signature"], datetime.now(UTC)
    verify(delivery.body, mark, SECRETS, now)
    with pytest.raises(CallbackRefused):
        verify(delivery.body.replace(b"1000", b"1001"), mark, SECRETS, now)
    with pytest.raises(CallbackRefused):
        verify(delivery.body, mark, ("whsec_of_another",), now)


def _about(order: Order, box: Mailbox) -> Delivery:
    """localstripe tells late, and still of what was paid before it knew the address."""
    for count in range(1, 20):
        delivery = box.wait(count)[-1]
        if delivery.event["data"]["object"]["id"] == order.rail_id:
            return delivery
    raise AssertionError("nothing was told")
