"""What is asked of the card processor, and what its answers mean."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from paygate.adapters.rails.http import HttpAnswer
from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import InvalidField, OutcomeUnknown, RailDeclined
from paygate.domain.money import Money
from paygate.ports import Action, RefundAnswer, RefundOrder, RefundStatus, TradeStatus
from paygate.strategies.credit_card import MAX_UNITS, CreditCardStrategy
from tests.unit.card_side import (
    AT,
    EUR,
    LOST,
    NOW,
    again,
    charge,
    dispute,
    failed,
    intent,
    listed,
    order,
    rail,
    refund,
)

KNOWN = order(rail_id="pi_1")
REFUND = RefundOrder(KNOWN, "F1", Money(6000, EUR), NOW, "bought twice\n")
UNKNOWN = [
    LOST,
    failed(401),
    failed(403, code="account_closed"),
    failed(409, code="idempotency_key_in_use", type="idempotency_error"),
    failed(429, code="lock_timeout"),
    failed(500, type="api_error"),
    HttpAnswer(200, b"<html>", {}),
    HttpAnswer(400, b"<html>", {}),
    HttpAnswer(404, b"{}", {}),
    HttpAnswer(302, b"{}", {}),
    HttpAnswer(200, b"[" * 5000, {}),
]


# ---------------------------------------------------------------- opening


def test_c4_one_key_and_the_same_words_each_time() -> None:
    card, http = rail(intent(), again(intent()), intent())
    opened = card.open(order())
    assert opened == card.open(order())
    assert opened == Action(
        "CLIENT_SECRET", {"clientSecret": "pi_1_secret_2", "publishableKey": "pk_test_51ofthetests"}, "pi_1"
    )
    assert http.calls == ["POST payment_intents", "POST payment_intents", "GET payment_intents/pi_1"]
    assert http.keys == ["R1", "R1"]
    assert http.sent[0] == http.sent[1]
    assert http.sent[0][2] == {
        "amount": "10000",
        "currency": "eur",
        "description": "Tea 茶 100% + &",
        "metadata[reference]": "R1",
        "metadata[payment_id]": "PAY_1",
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "never",
        "capture_method": "automatic",
    }
    assert http.headers[0]["Authorization"] == "Bearer sk_test_51ofthetests"
    assert http.headers[0]["Stripe-Version"] == "2026-10-28.endive"


def test_a_stored_answer_is_old_news() -> None:
    card, _ = rail(again(intent()), intent("succeeded"))
    with pytest.raises(OutcomeUnknown):
        card.open(order())


@pytest.mark.parametrize(("subject", "sent"), [("a\nb\x00c", "a b c"), (" \t", "R1"), ("lone \ud800", "lone")])
def test_a_description_that_can_be_sent(subject: str, sent: str) -> None:
    card, http = rail(intent())
    card.open(order(subject=subject))
    assert http.sent[0][2]["description"] == sent


@pytest.mark.parametrize(("code", "units"), [("JPY", 500), ("EUR", 500), ("KWD", 500)])
def test_amounts_are_of_the_smallest_unit(code: str, units: int) -> None:
    card, http = rail(intent(amount=units, currency=code.lower()))
    card.open(order(amount=Money(units, CURRENCIES[code])))
    assert (http.sent[0][2]["amount"], http.sent[0][2]["currency"]) == (str(units), code.lower())


@pytest.mark.parametrize("answer", UNKNOWN)
def test_l6_an_opening_that_decides_nothing(answer: Any) -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        rail(answer)[0].open(order())
    assert "Prose" not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (failed(400, code="amount_too_small"), "amount_too_small"),
        (failed(400, type="idempotency_error"), "idempotency_error"),
        (failed(402, code="card_declined", decline_code="lost_card"), "lost_card"),
        (failed(400, code="NOT a code"), "invalid_request_error"),
    ],
)
def test_an_opening_that_is_refused_for_good(answer: Any, reason: str) -> None:
    with pytest.raises(RailDeclined) as raised:
        rail(answer)[0].open(order())
    assert raised.value.reason == reason


@pytest.mark.parametrize(
    "answer",
    [
        intent(amount=9999),
        intent(currency="usd"),
        intent(currency="xyz"),
        intent(metadata={"reference": "R2", "payment_id": "PAY_1"}),
        intent(metadata={}),
        intent(client_secret=None),
        intent(id="ch_1"),
        intent(status="requires_capture"),
        intent(status="canceled"),
        intent(status="something_new"),
        intent(amount=10000.5),
        intent(amount=True),
    ],
)
def test_an_opened_order_that_is_not_what_was_asked(answer: dict[str, Any]) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(answer)[0].open(order())


def test_when_the_key_is_forgotten_the_order_is_looked_for_first() -> None:
    late = NOW + timedelta(hours=23, minutes=30)
    card, http = rail(listed(intent()), at=late)
    assert card.open(order()).rail_id == "pi_1"
    assert http.calls == ["GET payment_intents"]
    card, http = rail(listed(), intent(), at=late)
    card.open(order())
    assert http.calls == ["GET payment_intents", "POST payment_intents"]


# ---------------------------------------------------------------- asking


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("requires_payment_method", TradeStatus.WAITING),
        ("requires_confirmation", TradeStatus.WAITING),
        ("requires_action", TradeStatus.WAITING),
        ("processing", TradeStatus.PROCESSING),
        ("requires_capture", TradeStatus.PROCESSING),
        ("canceled", TradeStatus.CLOSED),
    ],
)
def test_each_state(status: str, expected: TradeStatus) -> None:
    card, http = rail(intent(status))
    seen = card.query(KNOWN)
    assert (seen.status, seen.rail_id, seen.amount) == (expected, "pi_1", Money(10000, EUR))
    assert (seen.at, seen.refunded, seen.withdrawn) == (None, None, None)
    assert http.sent == [("GET", "/v1/payment_intents/pi_1", {"expand[]": "latest_charge"})]


def test_paid() -> None:
    card, http = rail(intent("succeeded"), listed())
    seen = card.query(KNOWN)
    assert (seen.status, seen.amount, seen.at) == (TradeStatus.PAID, Money(10000, EUR), NOW)
    assert (seen.refunded, seen.withdrawn, seen.refund) == (Money(0, EUR), Money(0, EUR), None)
    assert http.calls == ["GET payment_intents/pi_1", "GET refunds"]


def test_what_was_captured_is_what_came() -> None:
    assert rail(intent("succeeded", amount_received=4000), listed())[0].query(KNOWN).amount == Money(4000, EUR)


def test_why_an_attempt_failed_is_told_by_its_code_alone() -> None:
    error = {"code": "card_declined", "decline_code": "insufficient_funds", "message": "Ms Doe's card"}
    assert rail(intent(last_payment_error=error))[0].query(KNOWN).reason == "insufficient_funds"


@pytest.mark.parametrize("amount", [True, -1, "100", None, 10000.0])
def test_an_amount_that_is_none(amount: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(intent(amount=amount))[0].query(KNOWN)


def test_refunds_count_when_they_are_done() -> None:
    made = (refund("pending", 1000), refund("failed", 2000), refund("succeeded", 3000), refund("succeeded", 500))
    seen = rail(intent("succeeded"), listed(*made))[0].query(KNOWN)
    assert (seen.refunded, seen.refund) == (Money(3500, EUR), None)


def test_r7_the_newest_refund_of_the_console_has_the_processors_number() -> None:
    made = (refund(amount=100), refund("failed", 200, "", id="re_9"), refund("succeeded", 300, "", id="re_8"))
    seen = rail(intent("succeeded"), listed(*made))[0].query(KNOWN)
    assert seen.refund is not None
    assert (seen.refund.reference, seen.refund.status) == ("re_9", RefundStatus.FAILED)
    assert seen.refunded == Money(400, EUR)


def test_lists_are_read_to_their_end() -> None:
    first, second = refund(id="re_2"), refund(amount=1000, id="re_1")
    card, http = rail(intent("succeeded"), listed(first, has_more=True), listed(second))
    assert card.query(KNOWN).refunded == Money(7000, EUR)
    assert http.sent[2][2] == {"payment_intent": "pi_1", "starting_after": "re_2", "limit": "100"}


@pytest.mark.parametrize(
    ("disputes", "held"),
    [
        ([dispute()], 0),  # an inquiry
        ([dispute(-10000)], 10000),
        ([dispute(-10000, 10000, status="won")], 0),
        ([dispute(-10000, 4000, status="won")], 6000),
        ([dispute(-3000), dispute(-2000)], 5000),
        ([dispute(-3000, 3500), dispute(-2000)], 2000),
        ([dispute(-10000, status="lost"), dispute(-10000)], 10000),
        ([dispute(-10800, currency="usd")], 10000),
        ([dispute(-3300, currency="usd", amount=3000)], 3000),
        ([dispute(-10800, 10600, currency="usd", status="won")], 0),
        ([dispute(-10800, 10800, currency="usd")], 0),
    ],
)
def test_what_disputes_hold(disputes: list[dict[str, Any]], held: int) -> None:
    paid = intent("succeeded", latest_charge=charge(disputed=True))
    card, http = rail(paid, listed(), listed(*disputes))
    assert card.query(KNOWN).withdrawn == Money(held, EUR)
    assert http.sent[2] == ("GET", "/v1/disputes", {"payment_intent": "pi_1", "limit": "100"})


@pytest.mark.parametrize(
    "disputes", [{"balance_transactions": None}, {"balance_transactions": [{"amount": "1", "currency": "eur"}]}]
)
def test_a_dispute_that_cannot_be_read_is_no_dispute_won(disputes: dict[str, Any]) -> None:
    paid = intent("succeeded", latest_charge=charge(disputed=True))
    with pytest.raises(OutcomeUnknown):
        rail(paid, listed(), listed({**dispute(), **disputes}))[0].query(KNOWN)


@pytest.mark.parametrize("answer", [*UNKNOWN, failed(400), failed(404, code="resource_missing")])
def test_a_question_that_tells_nothing(answer: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(answer)[0].query(KNOWN)


def test_an_order_whose_number_is_not_known_is_looked_for() -> None:
    other = intent(metadata={"reference": "R2", "payment_id": "PAY_2"})
    card, http = rail(listed(other, intent()), intent())
    assert card.query(order()).status is TradeStatus.WAITING
    since = str(AT - 60 - 300)
    assert http.sent[0] == ("GET", "/v1/payment_intents", {"created[gte]": since, "limit": "100"})
    assert http.calls[1] == "GET payment_intents/pi_1"


def test_among_many_it_is_searched_for() -> None:
    card, http = rail(listed(intent(metadata={}), has_more=True), listed(intent()), intent())
    assert card.query(order()).status is TradeStatus.WAITING
    assert http.sent[1][1:] == (
        "/v1/payment_intents/search",
        {"query": 'metadata["reference"]:"R1"', "limit": "100"},
    )


def test_what_is_nowhere_is_absent() -> None:
    assert rail(listed())[0].query(order()).status is TradeStatus.ABSENT
    assert rail(listed(), at=NOW)[0].close(order()).status is TradeStatus.ABSENT


# ---------------------------------------------------------------- closing, capturing


@pytest.mark.parametrize("step", ["close", "capture"])
def test_an_end_is_asked_for_with_a_key_of_its_own_and_told_by_the_processor(step: str) -> None:
    end = {"close": "canceled", "capture": "succeeded"}[step]
    answers = [intent(end), intent(end), listed()]
    card, http = rail(*answers, *answers)
    for _ in range(2):
        seen = getattr(card, step)(KNOWN)
        assert seen.status is {"close": TradeStatus.CLOSED, "capture": TradeStatus.PAID}[step]
        if step == "close":
            http.answers.pop(0)
    verb = {"close": "cancel", "capture": "capture"}[step]
    assert http.calls[:2] == [f"POST payment_intents/pi_1/{verb}", "GET payment_intents/pi_1"]
    assert len(set(http.keys)) == 2


@pytest.mark.parametrize(
    ("status", "expected"),
    [("succeeded", TradeStatus.PAID), ("processing", TradeStatus.PROCESSING), ("canceled", TradeStatus.CLOSED)],
)
def test_l2_a_refused_end_is_what_the_processor_says(status: str, expected: TradeStatus) -> None:
    for step in ("close", "capture"):
        card, _ = rail(failed(400, code="payment_intent_unexpected_state"), intent(status), listed())
        assert getattr(card, step)(KNOWN).status is expected


@pytest.mark.parametrize("answer", UNKNOWN)
def test_an_end_that_decides_nothing(answer: Any) -> None:
    for step in ("close", "capture"):
        with pytest.raises(OutcomeUnknown):
            getattr(rail(answer)[0], step)(KNOWN)


# ---------------------------------------------------------------- refunds


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("succeeded", RefundAnswer(RefundStatus.SUCCEEDED, "re_1")),
        ("pending", RefundAnswer(RefundStatus.PENDING, "re_1")),
        ("requires_action", RefundAnswer(RefundStatus.PENDING, "re_1")),
        ("failed", RefundAnswer(RefundStatus.FAILED, "re_1", "expired_or_canceled_card")),
    ],
)
def test_a_refund(status: str, answer: RefundAnswer) -> None:
    made = refund(status, failure_reason="expired_or_canceled_card" if status == "failed" else None)
    card, http = rail(made)
    assert card.refund(REFUND) == answer
    assert http.keys == ["F1"]
    assert http.sent[0][1:] == (
        "/v1/refunds",
        {
            "payment_intent": "pi_1",
            "amount": "6000",
            "metadata[refund_reference]": "F1",
            "metadata[reference]": "R1",
            "metadata[payment_id]": "PAY_1",
            "metadata[reason]": "bought twice",
        },
    )
    assert rail(refund("canceled"))[0].refund(REFUND).reason == "canceled"


def test_a_stored_refund_is_old_news() -> None:
    card, http = rail(again(refund("pending")), refund("failed", failure_reason="unknown"))
    assert card.refund(REFUND).status is RefundStatus.FAILED
    assert http.calls == ["POST refunds", "GET refunds/re_1"]


@pytest.mark.parametrize("code", ["charge_already_refunded", "amount_too_large", "charge_disputed", None])
def test_r6_a_refusal_counts_when_ours_is_not_there(code: str | None) -> None:
    with pytest.raises(RailDeclined) as raised:
        rail(failed(400, code=code), listed(refund(reference="F2")))[0].refund(REFUND)
    assert raised.value.reason == (code or "invalid_request_error")
    assert rail(failed(400, code=code), listed(refund()))[0].refund(REFUND).status is RefundStatus.SUCCEEDED
    with pytest.raises(OutcomeUnknown):
        rail(failed(400, code=code), LOST)[0].refund(REFUND)


def test_a_refund_that_waits_for_money_of_ours() -> None:
    answer = rail(failed(400, code="balance_insufficient"), listed())[0].refund(REFUND)
    assert (answer.status, answer.reason) == (RefundStatus.STUCK, "balance_insufficient")


@pytest.mark.parametrize("answer", UNKNOWN)
def test_r5_a_refund_that_decides_nothing(answer: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(answer)[0].refund(REFUND)
    with pytest.raises(OutcomeUnknown):
        rail(answer)[0].query_refund(REFUND)


@pytest.mark.parametrize(
    "found", [refund(amount=5999), refund(currency="usd"), refund("new"), refund(reference="F2")]
)
def test_an_answer_about_another_refund(found: dict[str, Any]) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(found)[0].refund(REFUND)
    with pytest.raises(OutcomeUnknown):
        rail(found)[0].query_refund(dataclasses.replace(REFUND, rail_id="re_1"))


def test_when_its_key_is_forgotten_a_refund_is_looked_for_first() -> None:
    late = NOW + timedelta(hours=24)
    card, http = rail(listed(refund()), at=late)
    assert card.refund(REFUND).status is RefundStatus.SUCCEEDED
    assert http.calls == ["GET refunds"]
    card, http = rail(listed(), refund(), at=late)
    assert card.refund(REFUND).status is RefundStatus.SUCCEEDED
    assert http.calls == ["GET refunds", "POST refunds"]


def test_asking_about_a_refund() -> None:
    card, http = rail(listed(refund(reference=""), refund()), refund("pending"))
    assert card.query_refund(REFUND) == RefundAnswer(RefundStatus.SUCCEEDED, "re_1")
    assert card.query_refund(dataclasses.replace(REFUND, rail_id="re_1")).status is RefundStatus.PENDING
    assert http.calls == ["GET refunds", "GET refunds/re_1"]
    assert rail(listed())[0].query_refund(REFUND).status is RefundStatus.ABSENT


def test_a_third_decimal_is_not_given_back() -> None:
    dinars = dataclasses.replace(REFUND, amount=Money(6001, CURRENCIES["KWD"]))
    with pytest.raises(RailDeclined):
        rail()[0].refund(dinars)


# ---------------------------------------------------------------- the method


def test_what_cards_take() -> None:
    method = CreditCardStrategy()
    for code in method.currencies:
        assert method.due(Money(1000, CURRENCIES[code])).units == 1000
    for wrong in (Money(MAX_UNITS + 1, EUR), Money(1001, CURRENCIES["BHD"])):
        with pytest.raises(InvalidField):
            method.due(wrong)
