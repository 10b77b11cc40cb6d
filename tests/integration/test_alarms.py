"""Each alarm on a metric of ours: what it is about is brought about, and it hears what the code then tells.

Namespace, name and dimensions must be those of the template to the letter: CloudWatch says nothing of an alarm that
listens to what nobody tells. An alarm without a mishap in the table fails.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from infra.docs.alarms import alarms
from paygate.metrics import DIMENSIONS, METRICS
from tests.support import mishaps
from tests.support.alarms import Told, rings, told
from tests.support.at_once import until
from tests.support.card import card
from tests.support.mishaps import World

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.notification import Notifications
    from tests.support.shop import Shop

pytestmark = pytest.mark.timeout(180)
OWN = {name: alarm for name, alarm in alarms().items() if alarm.is_own}
MISHAPS = {
    "OutboxAgeAlarm": mishaps.broker_is_gone,
    "OutboxEventRefusedAlarm": mishaps.broker_refuses,
    "PaymentsCreatedAlarm": mishaps.hardly_any_settles,
    "SettlementRateAlarm": mishaps.hardly_any_settles,
    "FailureRateAlarm": mishaps.hardly_any_settles,
    "UnknownPaymentsAlarm": mishaps.rail_never_answers,
    "InstantSettlementAlarm": mishaps.settles_late,
    "ChainSettlementAlarm": mishaps.chain_settles_late,
    "RailFactDidNotFitAlarm": mishaps.fact_does_not_fit,
    "StoredCallbackRefusedAlarm": mishaps.keys_were_replaced,
    "PaymentReversedAlarm": mishaps.money_is_withdrawn,
    "RefundStuckAlarm": mishaps.refund_waits_for_a_person,
    "AlipayErrorsAlarm": mishaps.rail_is_out_of_order("alipay"),
    "AlipayLatencyAlarm": mishaps.rail_is_out_of_order("alipay"),
    "WechatPayErrorsAlarm": mishaps.rail_is_out_of_order("wechat_pay"),
    "WechatPayLatencyAlarm": mishaps.rail_is_out_of_order("wechat_pay"),
    "UnionpayErrorsAlarm": mishaps.rail_is_out_of_order("unionpay"),
    "UnionpayLatencyAlarm": mishaps.rail_is_out_of_order("unionpay"),
    "CardErrorsAlarm": mishaps.rail_is_out_of_order("card"),
    "CardLatencyAlarm": mishaps.rail_is_out_of_order("card"),
    "PollerLagAlarm": mishaps.node_is_silent,
    "PollerBlocksAlarm": mishaps.blocks_cannot_be_read,
    "ChainStalledAlarm": mishaps.node_is_silent,
    "NodeMisledAlarm": mishaps.node_lies,
    "SigningRefusedAlarm": mishaps.refund_is_over_the_cap,
    "SigningKeyUnusableAlarm": mishaps.key_does_not_sign,
}
# Heard, and not beyond the threshold: a test would have to wait for seconds, or this one is off by default.
ONLY_HEARD = {name for name in OWN if name.endswith("LatencyAlarm")} | {"PaymentsCreatedAlarm"}
ID = re.compile(r"[A-Z]{3}_[0-9A-Z]{10}|0x|[0-9a-f]{16}|[0-9]{6}")


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    stack: Stack,
    app: App,
    shop: Shop,
    books: Books,
    script: Alipay,
    notified: Notifications,
) -> World:
    return World(stack, app, shop, books, script, notified, lambda: request.getfixturevalue("evm_node"))


@pytest.mark.parametrize("name", sorted(OWN))
def test_an_alarm_hears_what_it_is_about(name: str, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    alarm, log = OWN[name], world.stack.gateway.log
    before = log.stat().st_size
    capsys.readouterr()
    MISHAPS[name](world)
    lines = capsys.readouterr().out.splitlines()

    def heard() -> dict[str, list[float]]:
        written = log.read_bytes()[before:].decode().splitlines()
        everything = list(told([*lines, *written]))
        return {
            metric.id: [
                value
                for each in everything
                if (each.namespace, each.name, each.dimensions)
                == (metric.namespace, metric.name, metric.dimensions)
                for value in each.values
            ]
            for metric in alarm.metrics
        }

    until(lambda: all(heard().values()), "every metric of the alarm is told")
    assert rings(alarm, heard()) is (name not in ONLY_HEARD), heard()


def test_a_chain_that_is_read_to_its_head_is_not_behind(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with mishaps.followed(world) as (shop, _):
        world.node().mine(20)
        capsys.readouterr()
        shop.follow()
        lines = list(told(capsys.readouterr().out.splitlines()))
    for name in ("PollerLagBlocks", "PollerLagMinutes"):
        found = [each for each in lines if each.name == name]
        assert [each.dimensions.get("network") for each in found][:2] == [None, "ethereum"]
        assert {value for each in found for value in each.values} == {0}


def test_money_that_comes_back_is_not_settled_twice(world: World) -> None:
    desk = card(world.stack.sandbox.url)
    log = world.stack.gateway.log
    before = log.stat().st_size
    payment = desk.settled(world.shop)
    dispute = desk.disputed(payment)
    world.shop.await_state(payment["paymentId"], "REVERSED")
    desk.decide(dispute, "win")
    world.shop.await_state(payment["paymentId"], "SETTLED")
    until(lambda: all(one["sends"] for one in desk.callbacks(payment)), "every event was sent")
    lines = log.read_bytes()[before:].decode().splitlines()
    by_method = {"service": "paygate", "method": "CREDIT_CARD"}
    settled = [each for each in told(lines) if (each.name, each.dimensions) == ("PaymentsSettled", by_method)]
    assert len(settled) == 1


def test_no_id_is_a_dimension(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """In anything that payments, a dispute, a refund, a rail and a chain that fail, and sweeps had told."""
    capsys.readouterr()
    for happen in (mishaps.hardly_any_settles, mishaps.rail_is_out_of_order("card"), mishaps.money_is_withdrawn,
                   mishaps.refund_waits_for_a_person, mishaps.node_is_silent, mishaps.broker_is_gone):  # fmt: skip
        happen(world)
    world.app.resolve(5)
    world.app.expire(5)
    lines = [*capsys.readouterr().out.splitlines(), *world.stack.gateway.log.read_text().splitlines()]
    everything: list[Told] = list(told(lines))
    assert len({each.name for each in everything}) >= 12
    for each in everything:
        assert each.namespace == "paygate"
        assert set(each.dimensions) <= DIMENSIONS
        assert tuple(name for name in each.dimensions if name != "service") in METRICS[each.name].sets
        assert not [value for value in each.dimensions.values() if ID.search(value)], each
