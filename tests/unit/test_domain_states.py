"""The state tables hold: every move there is in them, and nothing moves a state past them."""

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import paygate
from paygate.domain import payment as moves
from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import Conflict
from paygate.domain.money import Money
from paygate.domain.payment import Change, Payment
from paygate.domain.refund import OURS, OUTSIDE, Refund
from paygate.domain.states import (
    OPEN_STATES,
    PAID_STATES,
    PAYMENT_TRANSITIONS,
    REFUND_TRANSITIONS,
    PaymentState,
    RefundState,
)

CODE = Path(paygate.__file__).parent
NOW = datetime(2025, 10, 1, 8, 27, tzinfo=UTC)
CNY = CURRENCIES["CNY"]
DUE = Money(10000, CNY)


def payment(state: PaymentState) -> Payment:
    is_paid = state in PAID_STATES or state is PaymentState.REVERSED
    return Payment(
        id="PAY_1",
        order_id="O",
        user_id=1,
        method="ALIPAY",
        channel="QR",
        state=state,
        price=DUE,
        due=DUE,
        request_id="r",
        created_at=NOW,
        updated_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        received=10000 if is_paid else 0,
        refunded={PaymentState.PARTIALLY_REFUNDED: 4000, PaymentState.REFUNDED: 10000}.get(state, 0),
        settled_at=NOW if is_paid else None,
    )


def refund(state: RefundState, units: int, origin: str = OURS) -> Refund:
    return Refund("REF_1", "PAY_1", Money(units, CNY), state, "1", origin, None, "r", NOW, NOW)


def refunded(units: int) -> Callable[[Payment], Change]:
    done = refund(RefundState.SUCCEEDED, units, OUTSIDE)
    return lambda before: moves.refund_moved(before, None, done, NOW, "EVT_1")


def reversed_refund(before: Payment) -> Change:
    done = refund(RefundState.SUCCEEDED, 4000)
    return moves.refund_moved(before, done, done.to(RefundState.REVERSED, NOW), NOW, "EVT_1")


MOVES: dict[str, Callable[[Payment], Change]] = {
    "accept": lambda before: moves.accept(before, NOW),
    "confirm": lambda before: moves.confirm(before, 1, NOW),
    "settle": lambda before: moves.settle(before, 10000, NOW, "EVT_1", is_duplicate=False),
    "fail": lambda before: moves.fail(before, "NO", NOW, "EVT_1"),
    "expire": lambda before: moves.expire(before, NOW, "EVT_1"),
    "cancel": lambda before: moves.cancel(before, NOW, "EVT_1"),
    "refund in part": refunded(1000),
    "refund all": refunded(10000),
    "a refund comes back": reversed_refund,
}


@pytest.mark.parametrize("state", PaymentState)
@pytest.mark.parametrize("name", MOVES)
def test_every_move_is_in_the_table_or_refused(name: str, state: PaymentState) -> None:
    before = payment(state)
    try:
        change = MOVES[name](before)
    except Conflict:
        return
    after = change.after
    assert after.state is state or (state, after.state) in PAYMENT_TRANSITIONS
    assert after.version == before.version + 1
    assert (after.sequence == before.sequence + 1) is (change.event is not None)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("accept", OPEN_STATES),
        ("cancel", OPEN_STATES | {PaymentState.CANCELLED}),
        ("expire", OPEN_STATES | {PaymentState.EXPIRED}),
        ("fail", OPEN_STATES | {PaymentState.FAILED}),
    ],
)
def test_no_move_starts_elsewhere(name: str, allowed: set[PaymentState]) -> None:
    for state in set(PaymentState) - set(allowed):
        with pytest.raises(Conflict):
            MOVES[name](payment(state))


@pytest.mark.parametrize(("state", "target"), [(a, b) for a in RefundState for b in RefundState])
def test_a_refund_moves_by_its_table_only(state: RefundState, target: RefundState) -> None:
    before = refund(state, 100)
    if (state, target) in REFUND_TRANSITIONS:
        assert before.to(target, NOW).state is target
    else:
        with pytest.raises(Conflict):
            before.to(target, NOW)


def test_a_reserve_is_freed_by_a_definite_no_only() -> None:
    held = replace(payment(PaymentState.SETTLED), refund_reserved=4000)
    waiting = refund(RefundState.PENDING, 4000)
    unknown = moves.refund_moved(held, waiting, waiting.to(RefundState.UNKNOWN, NOW), NOW, "EVT_1").after
    assert (unknown.refund_reserved, unknown.refunded, unknown.refundable) == (4000, 0, 6000)
    refused = moves.refund_moved(held, waiting, waiting.to(RefundState.FAILED, NOW, "NO"), NOW, "EVT_1").after
    assert (refused.refund_reserved, refused.refunded, refused.refundable) == (0, 0, 10000)
    done = moves.refund_moved(held, waiting, waiting.to(RefundState.SUCCEEDED, NOW), NOW, "EVT_1").after
    assert (done.refund_reserved, done.refunded, done.refundable) == (0, 4000, 6000)
    assert done.state is PaymentState.PARTIALLY_REFUNDED


def test_the_published_table() -> None:
    """The table that the API promises, written out once more."""
    rows = """
        CREATED: PENDING FAILED CONFIRMING SETTLED EXPIRED CANCELLED
        PENDING: CONFIRMING SETTLED FAILED EXPIRED CANCELLED
        CONFIRMING: SETTLED FAILED PENDING EXPIRED CANCELLED
        EXPIRED: SETTLED
        CANCELLED: SETTLED
        FAILED: SETTLED
        SETTLED: PARTIALLY_REFUNDED REFUNDED REVERSED
        PARTIALLY_REFUNDED: REFUNDED SETTLED REVERSED
        REFUNDED: PARTIALLY_REFUNDED SETTLED REVERSED
        REVERSED: SETTLED PARTIALLY_REFUNDED REFUNDED
    """
    pairs = {
        (state, target)
        for state, targets in (row.strip().split(": ") for row in rows.strip().splitlines())
        for target in targets.split()
    }
    assert {(str(state), str(target)) for state, target in PAYMENT_TRANSITIONS} == pairs


def test_states_are_written_in_one_place_of_the_code() -> None:
    """`replace(payment, state=…)` stands in `_move` and in `Refund.to`, which ask the tables, and nowhere else."""
    writers = set()
    for path in CODE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
            named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "replace"]
            if any(keyword.arg == "state" for call in named for keyword in call.keywords):
                writers.add(f"{path.name}:{function.name}")
    assert writers == {"payment.py:_move", "refund.py:to"}


def test_states_are_written_by_few_statements() -> None:
    writers = {
        path.name
        for path in (CODE / "adapters/postgres/sql").glob("*.sql")
        if re.search(r"\b(INSERT INTO|UPDATE) (payments|refunds)\b[^;]*\bstate\b", path.read_text(encoding="utf-8"))
        and re.search(r":state\b", path.read_text(encoding="utf-8"))
    }
    known = {
        "add_payment.sql",
        "save_payment.sql",
        "reserve_refund.sql",
        "save_refund.sql",
        "add_outside_refund.sql",
    }
    assert writers == known
