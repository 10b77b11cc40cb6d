"""What every rail promises (`ports.PaymentRail`), tried on its sandbox as a process of its own."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import requests

from paygate.domain.errors import CallbackRefused, OutcomeUnknown, RailDeclined
from paygate.ports import Ability, Action, CallbackRequest, RefundStatus, TradeStatus
from tests.contract.rails.conftest import Bench
from tests.support.at_once import at_once

UNDECIDED = ("lost", "never", "slow", "busy", "server_error", "garbage", "forged")


# ---------------------------------------------------------------- opening


def test_c4_the_same_order_again_is_the_same_order(bench: Bench) -> None:
    """Some rails give the payer another code for it, and all codes lead to the one order."""
    first, second = bench.open(), bench.open()
    assert (first.type, first.rail_id) == (second.type, second.rail_id)
    assert bench.driver.books(bench.reference) == {"paid": 0, "refunded": 0, "refunds": 0}


@pytest.mark.needs(Ability.ASK)
def test_c4_an_order_is_paid_once_whatever_code_leads_to_it(bench: Bench) -> None:
    first, second = bench.open(), bench.open()
    bench.driver.pay(first)
    with pytest.raises(Exception, match="409"):
        bench.driver.pay(second)
    assert bench.driver.books(bench.reference) == {"paid": 10000, "refunded": 0, "refunds": 0}


@pytest.mark.needs(Ability.REFUSE_CHANGED_ORDER)
def test_another_order_under_the_reference_is_declined(bench: Bench) -> None:
    bench.open()
    with pytest.raises(RailDeclined):
        bench.rail.open(bench.changed(amount=bench.amount(10001)))


@pytest.mark.needs(Ability.ASK)
def test_every_channel_takes_money(bench: Bench) -> None:
    for channel in bench.driver.channels:
        order = bench.changed(reference=f"{bench.reference[:24]}{channel}", channel=channel)
        action = bench.rail.open(order)
        assert (bench.driver.calls(order.reference) == 0) == (channel in bench.rail.silent_channels)
        bench.driver.pay(action)
        seen = bench.rail.query(order)
        assert (seen.status, seen.amount) == (TradeStatus.PAID, order.amount)


@pytest.mark.needs(Ability.ASK)
@pytest.mark.parametrize("kind", UNDECIDED)
def test_l6_an_opening_without_an_answer_is_unknown_and_can_be_repeated(bench: Bench, kind: str) -> None:
    bench.driver.fail_next("open", bench.reference, kind)
    with pytest.raises(OutcomeUnknown):
        bench.open()
    assert bench.driver.calls(bench.reference) == 1
    bench.driver.pay(bench.open())
    assert bench.rail.query(bench.order).status is TradeStatus.PAID
    assert bench.driver.books(bench.reference) == {"paid": 10000, "refunded": 0, "refunds": 0}


@pytest.mark.needs(Ability.ASK)
def test_opening_what_is_paid_is_for_a_query_to_tell(bench: Bench) -> None:
    bench.paid()
    with pytest.raises(OutcomeUnknown):
        bench.open()
    assert bench.rail.query(bench.order).status is TradeStatus.PAID


# ---------------------------------------------------------------- asking


@pytest.mark.needs(Ability.ASK)
def test_an_order_that_was_never_opened_is_absent(bench: Bench) -> None:
    assert bench.rail.query(bench.order).status is TradeStatus.ABSENT


@pytest.mark.needs(Ability.ASK)
def test_an_order_that_nobody_looked_at(bench: Bench) -> None:
    bench.open()
    is_shown = Ability.SHOW_UNPAID not in bench.rail.inabilities
    expected = TradeStatus.WAITING if is_shown else TradeStatus.ABSENT
    assert bench.rail.query(bench.order).status is expected


@pytest.mark.needs(Ability.ASK)
def test_w14_each_state_of_an_order_is_told(bench: Bench) -> None:
    action = bench.open()
    bench.driver.look(bench.reference)
    assert bench.rail.query(bench.order).status is TradeStatus.WAITING

    before = datetime.now(UTC) - timedelta(seconds=2)
    bench.driver.pay(action)
    paid = bench.rail.query(bench.order)
    assert (paid.reference, paid.status, paid.amount) == (bench.reference, TradeStatus.PAID, bench.order.amount)
    assert paid.at is not None
    assert before <= paid.at <= datetime.now(UTC)
    assert paid.rail_id

    bench.driver.finish(bench.reference)
    assert bench.rail.query(bench.order).status is TradeStatus.PAID


@pytest.mark.needs(Ability.EXPIRE)
def test_an_order_is_over_at_the_expiry_that_we_gave_it(bench: Bench) -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    order = bench.changed(expires_at=soon)
    bench.rail.open(order)
    bench.driver.look(bench.reference)
    assert bench.rail.query(order).status is TradeStatus.WAITING
    time.sleep((soon - datetime.now(UTC)).total_seconds() + 0.1)
    seen = bench.rail.query(order)
    assert (seen.status, seen.refunded) == (TradeStatus.CLOSED, None)


@pytest.mark.needs(Ability.ASK)
@pytest.mark.parametrize("kind", UNDECIDED)
def test_a_question_without_an_answer_is_unknown(bench: Bench, kind: str) -> None:
    bench.paid()
    bench.driver.fail_next("query", bench.reference, kind)
    with pytest.raises(OutcomeUnknown):
        bench.rail.query(bench.order)
    assert bench.rail.query(bench.order).status is TradeStatus.PAID


# ---------------------------------------------------------------- closing


@pytest.mark.needs(Ability.CLOSE)
def test_closing_ends_it(bench: Bench) -> None:
    action = bench.open()
    bench.driver.look(bench.reference)
    assert bench.rail.close(bench.order).status is TradeStatus.CLOSED
    with pytest.raises(Exception, match="409"):
        bench.driver.pay(action)
    assert bench.rail.query(bench.order).status is TradeStatus.CLOSED
    assert bench.rail.close(bench.order).status is TradeStatus.CLOSED


@pytest.mark.needs(Ability.CLOSE)
def test_l2_closing_what_is_paid_says_paid(bench: Bench) -> None:
    bench.paid()
    seen = bench.rail.close(bench.order)
    assert (seen.status, seen.amount) == (TradeStatus.PAID, bench.order.amount)


@pytest.mark.needs(Ability.CLOSE)
def test_closing_what_the_rail_does_not_know(bench: Bench) -> None:
    """Or it keeps the number from ever being used."""
    closed = bench.rail.close(bench.order).status
    if closed is TradeStatus.CLOSED:
        with pytest.raises(RailDeclined):
            bench.open()
    else:
        assert closed is TradeStatus.ABSENT


@pytest.mark.needs(Ability.CLOSE)
@pytest.mark.parametrize("kind", UNDECIDED)
def test_a_closing_without_an_answer_is_unknown_and_can_be_repeated(bench: Bench, kind: str) -> None:
    bench.open()
    bench.driver.look(bench.reference)
    bench.driver.fail_next("close", bench.reference, kind)
    with pytest.raises(OutcomeUnknown):
        bench.rail.close(bench.order)
    assert bench.rail.close(bench.order).status is TradeStatus.CLOSED


# ---------------------------------------------------------------- callbacks


@pytest.mark.needs(Ability.CALL_BACK)
def test_w1_a_callback_says_what_a_query_says_however_often_it_comes(bench: Bench) -> None:
    bench.paid()
    seen = bench.observed()
    assert seen == bench.observed()
    asked = bench.rail.query(bench.order)
    told = (seen.reference, seen.status, seen.amount, seen.rail_id)
    assert told == (asked.reference, asked.status, asked.amount, asked.rail_id)
    assert seen.at in (None, asked.at)
    assert (seen.mismatch, seen.refunded) == (None, None)


@pytest.mark.needs(Ability.CALL_BACK)
def test_w5_any_changed_byte_is_refused(bench: Bench) -> None:
    bench.paid()
    genuine = bench.callback()
    assert len(genuine.body) > 100
    for at in range(0, len(genuine.body), 7):
        body = bytearray(genuine.body)
        body[at] = ord("7") if body[at] != ord("7") else ord("8")
        with pytest.raises(CallbackRefused):
            bench.rail.read_callback(CallbackRequest(bytes(body), genuine.headers))


@pytest.mark.parametrize("body", [b"", b"\x00" * 100, b"{}", b"a=1", b"&&&===", b"x" * 60_000])
def test_w5_no_callback_at_all(bench: Bench, body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        bench.rail.read_callback(CallbackRequest(body, {}))


@pytest.mark.needs(Ability.CALL_BACK)
def test_w5_a_signature_over_other_bytes(bench: Bench) -> None:
    bench.driver.change_callback(bench.reference, "unsigned")
    bench.paid()
    with pytest.raises(CallbackRefused):
        bench.observed()


@pytest.mark.needs(Ability.CALL_BACK)
def test_w13_a_callback_tells_the_amount_that_the_rail_signed(bench: Bench) -> None:
    bench.driver.change_callback(bench.reference, "amount")
    bench.paid()
    seen = bench.observed()
    assert (seen.reference, seen.mismatch) == (bench.reference, None)
    assert seen.amount not in (None, bench.order.amount)


@pytest.mark.needs(Ability.CALL_BACK)
def test_w7_a_callback_for_another_order(bench: Bench) -> None:
    bench.driver.change_callback(bench.reference, "order")
    bench.paid()
    assert bench.observed().reference != bench.reference


@pytest.mark.needs(Ability.CALL_BACK)
def test_w7_a_callback_for_another_merchant_names_the_mismatch(bench: Bench) -> None:
    bench.driver.change_callback(bench.reference, "merchant")
    bench.paid()
    assert bench.observed().mismatch


@pytest.mark.needs(Ability.REPEAT_CALLBACKS)
def test_w4_the_rail_repeats_until_we_accept(bench: Bench) -> None:
    accepted, refused = bench.rail.callback_accepted(), bench.rail.callback_refused()
    bench.inbox.answers[:] = [(reply.status, reply.body.encode()) for reply in (refused, accepted)]
    bench.paid()
    assert bench.observed(0) == bench.observed(1)
    time.sleep(0.5)
    assert len(bench.inbox.bodies) == 2


# ---------------------------------------------------------------- refunds


@pytest.mark.needs(Ability.REFUND)
def test_r3_refunds_down_to_nothing_and_not_beyond(bench: Bench) -> None:
    bench.paid()
    assert bench.refund(6000, "F1").status is RefundStatus.SUCCEEDED
    with pytest.raises(RailDeclined):
        bench.refund(4001, "F2")
    assert bench.refund(4000, "F3").status is RefundStatus.SUCCEEDED
    with pytest.raises(RailDeclined):
        bench.refund(1, "F4")
    assert bench.driver.books(bench.reference) == {"paid": 10000, "refunded": 10000, "refunds": 2}


@pytest.mark.needs(Ability.REPORT_REFUNDS)
def test_e4_each_refund_is_told_by_its_own_callback(bench: Bench) -> None:
    bench.paid()
    bench.observed(0)
    bench.refund(6000, "F1")
    first = bench.observed(1)
    bench.refund(4000, "F2")
    second = bench.observed(2)
    assert first.status is TradeStatus.PAID
    for seen, reference, amount, together in ((first, "F1", 6000, 6000), (second, "F2", 4000, 10000)):
        told = seen.refund
        assert told is not None
        assert (told.reference, told.status) == (bench.refund_reference(reference), RefundStatus.SUCCEEDED)
        assert told.amount in (None, bench.amount(amount))
        assert seen.refunded in (None, bench.amount(together))
        assert told.amount or seen.refunded


@pytest.mark.needs(Ability.REFUND)
def test_r5_the_same_refund_again_moves_no_more_money(bench: Bench) -> None:
    bench.paid()
    for _ in range(3):
        assert bench.refund(6000).status is RefundStatus.SUCCEEDED
    assert bench.driver.books(bench.reference) == {"paid": 10000, "refunded": 6000, "refunds": 1}


@pytest.mark.needs(Ability.REFUND)
def test_a_full_refund_again_is_still_done(bench: Bench) -> None:
    bench.paid()
    for _ in range(2):
        assert bench.refund(10000).status is RefundStatus.SUCCEEDED
    assert bench.driver.books(bench.reference) == {"paid": 10000, "refunded": 10000, "refunds": 1}
    assert bench.rail.query(bench.order).refunded in (None, bench.order.amount)


@pytest.mark.needs(Ability.REFUND)
@pytest.mark.parametrize("kind", UNDECIDED)
def test_r5_a_refund_without_an_answer_is_unknown_until_asked(bench: Bench, kind: str) -> None:
    bench.paid()
    bench.driver.fail_next("refund", bench.reference, kind)
    with pytest.raises(OutcomeUnknown):
        bench.refund(6000)
    was_made = bench.driver.books(bench.reference)["refunds"] == 1  # type: ignore[index]
    known = bench.known_refund(6000)
    assert known.status is (RefundStatus.SUCCEEDED if was_made else RefundStatus.ABSENT)
    assert bench.refund(6000).status is RefundStatus.SUCCEEDED
    assert bench.driver.books(bench.reference) == {"paid": 10000, "refunded": 6000, "refunds": 1}


@pytest.mark.needs(Ability.REFUND)
@pytest.mark.parametrize("kind", UNDECIDED)
def test_asking_about_a_refund_without_an_answer_is_unknown(bench: Bench, kind: str) -> None:
    bench.paid()
    bench.refund(6000)
    bench.driver.fail_next("query_refund", bench.reference, kind)
    with pytest.raises(OutcomeUnknown):
        bench.rail.query_refund(bench.refund_order(6000))


@pytest.mark.needs(Ability.REFUND)
def test_a_refund_that_was_never_asked_is_absent(bench: Bench) -> None:
    bench.paid()
    assert bench.rail.query_refund(bench.refund_order(6000)).status is RefundStatus.ABSENT


@pytest.mark.needs(Ability.REFUND)
def test_a_refund_of_what_nobody_paid_is_declined(bench: Bench) -> None:
    bench.open()
    with pytest.raises(RailDeclined):
        bench.refund(6000)


# ---------------------------------------------------------------- races and states


@pytest.mark.needs(Ability.CLOSE)
def test_l2_closing_against_paying_has_one_winner(bench: Bench) -> None:
    action = bench.open()
    bench.driver.look(bench.reference)
    paying, closing = at_once(lambda: _succeeds(bench, action), lambda: bench.rail.close(bench.order).status)
    left = bench.rail.query(bench.order).status
    assert left is (TradeStatus.PAID if paying else TradeStatus.CLOSED)
    assert closing in (left, TradeStatus.ABSENT)
    assert bench.driver.books(bench.reference)["paid"] == (10000 if paying else 0)  # type: ignore[index]


def _succeeds(bench: Bench, action: Action) -> bool:
    try:
        bench.driver.pay(action)
    except requests.HTTPError:
        return False
    return True


@pytest.mark.needs(Ability.CALL_BACK)
def test_w13_a_callback_in_another_currency(bench: Bench) -> None:
    """It names what is wrong, says another amount, or is believed only after asking."""
    bench.driver.change_callback(bench.reference, "currency")
    bench.paid()
    told = bench.rail.read_callback(bench.callback())
    assert told is None or told.is_hint or told.mismatch or told.amount != bench.order.amount


def test_w14_every_other_state_of_the_rail(bench: Bench) -> None:
    """WAITING, PAID and CLOSED have tests of their own."""
    for status in bench.driver.statuses:
        bench.order = bench.changed(reference=uuid4().hex[:28], rail_id=None)
        action = bench.open()
        bench.driver.become(status, action, bench.reference)
        assert bench.rail.query(bench.order).status is status
