"""Sums that a rail tells, after refunds that came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.postgres.ledger import PostgresLedger
from paygate.adapters.sqs.nudge import no_nudge
from paygate.adapters.system.clock import SystemIds
from paygate.adapters.system.sealer import AesGcmSealer
from paygate.domain.assets import CURRENCIES
from paygate.domain.money import Money
from paygate.ports import Observation, RefundStatus, ToldRefund, TradeStatus
from paygate.services.observe import Observe
from tests.support.shop import reference

if TYPE_CHECKING:
    from paygate.bootstrap import App
    from tests.support.books import Books
    from tests.support.shop import Shop


def euros(units: int) -> Money:
    return Money(units, CURRENCIES["EUR"])


def test_the_same_sum_again_after_a_refund_came_back(shop: Shop, books: Books, app: App) -> None:
    """A sum that was booked once is no name for what makes it up the next time."""
    ids = SystemIds(app.clock)
    ledger = PostgresLedger(app.database, AesGcmSealer(dict(app.settings.encryption_key)), ids)
    observe = Observe(ledger, app.clock, ids, app.meter, no_nudge)
    payment = shop.created(method="CREDIT_CARD", currency="EUR")

    def told(**facts: Any) -> int:
        seen = Observation(reference(payment), TradeStatus.PAID, amount=euros(10000), **facts)
        observe("card", seen)
        return books.sums(payment["paymentId"])["refunded_outside"]

    assert told(refund=ToldRefund("re_1", RefundStatus.SUCCEEDED, euros(700))) == 700
    assert told(refunded=euros(5000)) == 5000
    assert told(refund=ToldRefund("re_1", RefundStatus.FAILED, euros(700), reason="declined")) == 4300
    assert told(refunded=euros(5000)) == 5000
    assert told(refunded=euros(5000)) == 5000
