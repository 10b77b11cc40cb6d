"""Every metric that the code tells: its unit, and by which dimensions. Each set of values costs as one metric.

A set of dimensions is a metric of its own in CloudWatch, and alarms hear exactly the set that they name: `()` is
the sum, or the worst, of all. Dimensions take few values, known beforehand; ids never are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

COUNT: Final = "Count"
MILLISECONDS: Final = "Milliseconds"
NO_UNIT: Final = "None"  # CloudWatch has no minutes

DIMENSIONS = frozenset(("service", "method", "pace", "rail", "network", "asset", "currency", "source", "reason"))
"""All there are. `pace` groups methods by how soon their money is there: instant, chain or bank."""


@dataclass(frozen=True, slots=True)
class Metric:
    """`sets` are sets of dimensions beside `service`, which all have."""

    meaning: str
    unit: str = COUNT
    sets: tuple[tuple[str, ...], ...] = ((),)


_BY_METHOD = (("method",), ("pace",))

METRICS = {
    "PaymentsCreated": Metric("payments that were taken on", sets=_BY_METHOD),
    "PaymentsSettled": Metric("payments whose money is there", sets=_BY_METHOD),
    "PaymentsFailed": Metric("payments that ended unpaid: refused, expired, cancelled", sets=_BY_METHOD),
    "TimeToSettle": Metric("from creation to the money", MILLISECONDS, _BY_METHOD),
    "PaymentsUnknown": Metric("payments whose rail gave no answer for ten minutes, now"),
    "RailLatency": Metric("one call to a rail, repeats included", MILLISECONDS, (("rail",),)),
    "RailErrors": Metric("1 for each call without an answer to rely on, 0 for each with one", sets=(("rail",),)),
    "NodeLatency": Metric("one call to a chain's node, repeats included", MILLISECONDS, (("network",),)),
    "PollerLagBlocks": Metric("blocks that should be read and are not, now", sets=((), ("network",))),
    "PollerLagMinutes": Metric("how old the last block read is if others wait, now", NO_UNIT, ((), ("network",))),
    "OutboxDepth": Metric("events that wait to be sent, up to 10,000, now"),
    "OutboxAge": Metric("how long the oldest of them has waited, now", MILLISECONDS),
    "RefundsSucceeded": Metric("refunds that reached the payer", sets=(("method",),)),
    "RefundsFailed": Metric("refunds that a rail refused", sets=(("method",),)),
    "RefundsUnknown": Metric("refunds that a rail may have done", sets=(("method",),)),
    "RefundsReversed": Metric("refunds whose money came back", sets=(("method",),)),
    "CallbackProbes": Metric("a rail's own tests of our address", sets=(("rail",),)),
    "CallbacksRefused": Metric("callbacks that did not verify", sets=(("rail",),)),
    "QuotesUnavailable": Metric("payments that got no rate", sets=(("asset",), ("currency",))),
    "RatesMissing": Metric("sources that gave no rate in time", sets=(("source",),)),
    "StatementsImported": Metric("bank statements that were counted"),
    "StatementsRefused": Metric("bank statements that cannot be read", sets=(("reason",),)),
    "OutboxEventRefused": Metric("runs in which Kafka refused an event for good"),
    "RailFactDidNotFit": Metric("verified facts that fit no payment; each opened a case"),
    "RefundStuck": Metric("refunds that wait for an operator; each opened a case"),
    "PaymentReversed": Metric("settled payments whose money was withdrawn"),
    "SigningRefused": Metric("refunds that are not signed here; each opened a case"),
    "SigningKeyUnusable": Metric("runs in which the signing key did not sign"),
    "NodeMisled": Metric("answers of a chain's node that cannot be true"),
    "ChainStalled": Metric("runs that ended with a chain not followed for long"),
    "StoredCallbackRefused": Metric("kept callbacks that do not verify any more"),
}
