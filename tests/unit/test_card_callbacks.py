"""Signed events: what verifies, what is believed at once, what is only a hint, and what is passed over."""

from datetime import timedelta
from typing import Any

import pytest

from paygate.domain.errors import CallbackRefused
from paygate.domain.money import Money
from paygate.ports import Observation, RefundStatus, ToldRefund, TradeStatus
from tests.unit.card_side import AT, EUR, NOW, SECRETS, callback, charge, dispute, event, intent, mark, rail, refund

PAID = event("payment_intent.succeeded", intent("succeeded", latest_charge="ch_1"))
GOOD = mark(PAID)


def read(body: bytes, header: str | None = None, **more: Any) -> Observation | None:
    return rail(**more)[0].read_callback(callback(body, header))


# ---------------------------------------------------------------- signatures


@pytest.mark.parametrize(
    "header",
    [
        f"t={AT},v1={GOOD}",
        f"t={AT},v1={mark(PAID, SECRETS[1])}",
        f"t={AT},v1={'0' * 64},v1={GOOD},v0={'1' * 64}",
        f"v1={GOOD},t={AT}",
        f"t={AT - 300},v1={mark(PAID, at=AT - 300)}",
        f"t={AT + 300},v1={mark(PAID, at=AT + 300)}",
    ],
)
def test_what_verifies(header: str) -> None:
    seen = read(PAID, header)
    assert seen is not None
    assert seen.status is TradeStatus.PAID


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"v1={GOOD}",
        f"t={AT}",
        f"t={AT},v0={GOOD}",
        f"t={AT},v1={GOOD[:-1]}",
        f"t={AT},v1={GOOD.upper()}",
        f"t={AT},v1=",
        f"t={AT},v1={mark(PAID, 'whsec_of_somebody')}",
        f"t={AT},t={AT},v1={GOOD}",
        f"t={AT}, v1={GOOD}",
        f"t={AT}.0,v1={GOOD}",
        f"t={'9' * 4000},v1={GOOD}",
        f"t=１２,v1={GOOD}",  # noqa: RUF001  digits that are none
        f"t=-{AT},v1={GOOD}",
        f"t={AT},v1=é{GOOD[1:]}",
        f"t={AT - 301},v1={mark(PAID, at=AT - 301)}",
        f"t={AT + 301},v1={mark(PAID, at=AT + 301)}",
        "t,v1" * 2000,
    ],
)
def test_w5_what_does_not(header: str) -> None:
    with pytest.raises(CallbackRefused):
        read(PAID, header)


def test_a_stored_callback_is_as_fresh_as_it_was() -> None:
    card, _ = rail(at=NOW + timedelta(days=3))
    with pytest.raises(CallbackRefused):
        card.read_callback(callback(PAID))
    assert card.read_callback(callback(PAID, received_at=NOW)) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"type": NaN}',
        event("payment_intent.succeeded", intent("processing")),
        event("payment_intent.succeeded", intent("succeeded", amount_received="100")),
        event("payment_intent.succeeded", intent("succeeded", currency="xyz")),
        event("payment_intent.canceled", intent("succeeded")),
        event("refund.updated", refund("new")),
    ],
)
def test_genuine_and_unreadable(body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        read(body)


# ---------------------------------------------------------------- what they tell


def test_ends_are_believed() -> None:
    assert read(PAID) == Observation("R1", TradeStatus.PAID, "pi_1", Money(10000, EUR))
    over = read(event("payment_intent.canceled", intent("canceled")))
    assert over == Observation("R1", TradeStatus.CLOSED, "pi_1", Money(10000, EUR))


def test_w13_a_capture_of_less_is_another_amount() -> None:
    seen = read(event("payment_intent.succeeded", intent("succeeded", amount_received=1)))
    assert seen is not None
    assert seen.amount == Money(1, EUR)


@pytest.mark.parametrize("kind", ["processing", "amount_capturable_updated", "payment_failed"])
def test_w3_what_may_have_changed_since_is_a_hint(kind: str) -> None:
    seen = read(event(f"payment_intent.{kind}", intent("requires_payment_method")))
    assert seen == Observation("R1", TradeStatus.PROCESSING, "pi_1", is_hint=True)


def test_refunds_are_hints_that_name_one() -> None:
    ours = read(event("refund.updated", refund("failed", failure_reason="lost_or_stolen_card")))
    assert ours is not None
    assert (ours.reference, ours.rail_id, ours.is_hint) == ("R1", "pi_1", True)
    assert ours.refund == ToldRefund("F1", RefundStatus.FAILED, Money(6000, EUR), "re_1", "lost_or_stolen_card")
    outside = read(event("charge.refund.updated", refund("succeeded", 300, "")))
    assert outside is not None
    assert (outside.reference, outside.rail_id) == ("", "pi_1")
    assert outside.refund == ToldRefund("re_1", RefundStatus.SUCCEEDED, Money(300, EUR), "re_1")


@pytest.mark.parametrize("kind", ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"])
def test_disputes_are_hints_at_the_processors_number(kind: str) -> None:
    seen = read(event(f"charge.dispute.{kind}", dispute(-10000)))
    assert seen == Observation("", TradeStatus.PROCESSING, "pi_1", is_hint=True)


def test_a_charge_that_was_refunded_is_a_hint() -> None:
    metadata = {"reference": "R1", "payment_id": "PAY_1"}
    seen = read(event("charge.refunded", charge(payment_intent="pi_1", metadata=metadata)))
    assert seen == Observation("R1", TradeStatus.PROCESSING, "pi_1", is_hint=True)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("payment_intent.created", intent()),
        ("payment_intent.requires_action", intent("requires_action")),
        ("charge.succeeded", charge(payment_intent="pi_1")),
        ("payment_intent.succeeded", intent("succeeded", metadata={})),
        ("payment_intent.succeeded", intent("succeeded", metadata={"reference": "another system's"})),
        ("payment_intent.payment_failed", intent(metadata={})),
        ("charge.dispute.created", dispute(payment_intent=None)),
        ("customer.created", {"object": "customer"}),
        ("payment_intent.succeeded", {}),
    ],
)
def test_what_is_passed_over(kind: str, found: dict[str, Any]) -> None:
    assert read(event(kind, found)) is None


@pytest.mark.parametrize(
    ("change", "mismatch"),
    [({"account": "acct_2"}, "account"), ({"livemode": True}, "mode"), ({"livemode": None}, "mode")],
)
def test_w7_another_accounts_or_modes(change: dict[str, Any], mismatch: str) -> None:
    for kind, found in (("payment_intent.succeeded", intent("succeeded")), ("charge.dispute.created", dispute())):
        seen = read(event(kind, found, **change))
        assert seen is not None
        assert (seen.mismatch, seen.is_hint) == (mismatch, False)


def test_live_keys_hear_live_events() -> None:
    keys = {"CARD_SECRET_KEY": "rk_live_51ofthetests", "CARD_PUBLISHABLE_KEY": "pk_live_51ofthetests"}
    live = event("payment_intent.succeeded", intent("succeeded"), livemode=True)
    for body, mismatch in ((live, None), (PAID, "mode")):
        seen = read(body, **keys)
        assert seen is not None
        assert seen.mismatch == mismatch


def test_answers() -> None:
    card, _ = rail()
    assert card.callback_accepted().status == 200
    assert card.callback_refused().status == 400
