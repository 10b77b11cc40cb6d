"""What the functions tell CloudWatch of payments and rails, as lines of their logs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.at_once import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.shop import Shop


def metrics(stack: Stack) -> Iterator[dict[str, Any]]:
    for line in stack.gateway.log.read_text(encoding="utf-8").splitlines():
        if '"_aws"' in line:
            yield json.loads(line)


def count(stack: Stack, name: str, **dimensions: str) -> int:
    return sum(name in told and dimensions.items() <= told.items() for told in metrics(stack))


def test_payments_created_settled_and_failed_are_counted_by_method(
    stack: Stack, shop: Shop, alipay: Alipay
) -> None:
    names = ("PaymentsCreated", "PaymentsSettled", "PaymentsFailed")
    before = {name: count(stack, name, method="ALIPAY", service="paygate") for name in names}
    paid, cancelled = shop.created(), shop.created()
    alipay.pay(paid)
    shop.await_state(paid["paymentId"], "SETTLED")
    assert shop.cancel(cancelled["paymentId"]).status_code == 200

    def are_told() -> bool:
        after = {name: count(stack, name, method="ALIPAY", service="paygate") for name in names}
        more = {name: after[name] - before[name] for name in names}
        return more == {"PaymentsCreated": 2, "PaymentsSettled": 1, "PaymentsFailed": 1}

    until(are_told, "each move is counted once")


def test_what_the_rail_takes_is_measured(stack: Stack, shop: Shop) -> None:
    before = count(stack, "RailLatency", rail="alipay")
    payment = shop.created(channel="QR")
    until(lambda: count(stack, "RailLatency", rail="alipay") > before, "the call was measured")
    ids = {payment["paymentId"], payment["orderId"]}
    assert not any(ids & set(map(str, told.values())) for told in metrics(stack))


def test_the_outbox_tells_its_age_and_depth(app: App, shop: Shop, capfd: Any) -> None:
    assert shop.cancel(shop.created()["paymentId"]).status_code == 200
    app.relay(5)
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines() if '"_aws"' in line]
    assert {name for one in told for name in one} >= {"OutboxAge", "OutboxDepth"}
