"""What UnionPay's answers mean, and what is sent when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from paygate.adapters.rails.http import HttpAnswer
from paygate.domain.errors import OutcomeUnknown, RailDeclined
from paygate.ports import RefundStatus, TradeStatus
from tests.unit.unionpay_side import (
    GATEWAY,
    LOST,
    MER_ID,
    ORDER,
    PAID,
    UNKNOWN_ORDER,
    found,
    money,
    rail,
    refund_order,
    refused,
    returned,
    sign,
    signer,
    written,
)

EXPIRED = ORDER.expires_at + timedelta(seconds=20)
MUCH_LATER = ORDER.expires_at + timedelta(hours=2)

# ---------------------------------------------------------------- opening


def test_a_form_is_signed_and_nobody_is_called() -> None:
    made, http = rail()
    form = replace(ORDER, channel="WEB")
    action = made.open(form)
    assert (action.type, action.fields["url"]) == ("FORM_POST", f"{GATEWAY}/gateway/api/frontTransReq.do")
    assert action.fields["fields"]["frontUrl"] == "https://pay.example/return/PAY_1"
    assert made.open(form) == action
    assert http.sent == []


def test_an_app_and_a_code() -> None:
    made, http = rail({"tn": "123"}, {"qrCode": "https://qr.example/1"})
    assert made.open(replace(ORDER, channel="APP")).fields == {"payload": "123"}
    assert made.open(ORDER).fields == {"content": "https://qr.example/1"}
    assert [door for door, _ in http.sent] == ["appTransReq.do", "backTransReq.do"]
    assert http.repeatable == [False, False]


def test_a_repeat_is_the_same_request() -> None:
    made, http = rail({"qrCode": "q"}, {"qrCode": "q"})
    made.open(ORDER)
    made.open(ORDER)
    assert http.sent[0] == http.sent[1]


@pytest.mark.parametrize("answer", [{}, {"qrCode": ""}, refused("12"), refused("03"), refused("06"), refused("37")])
def test_an_opening_that_is_not_known(answer: dict[str, Any]) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(answer)[0].open(ORDER)


def test_an_opening_that_is_refused() -> None:
    with pytest.raises(RailDeclined, match="33"):
        rail(refused("33"))[0].open(ORDER)


# ---------------------------------------------------------------- belief

ECHO = {"merId": MER_ID, "orderId": "ORDER001", "respCode": "00", "qrCode": "q"}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"Invalid request.",
        b"<html>",
        b"\xff\xfe=1",
        written(ECHO),
        written({**sign(ECHO), "qrCode": "https://thief.example"}),
        written(sign(ECHO, "stranger")),
        written(sign(ECHO, "unionpay", signer(holder="041@1@某商户有限公司@2"))),
        written(sign({**ECHO, "orderId": "ORDER002"})),
        written(sign({**ECHO, "merId": "777290000000002"})),
        written(sign({**ECHO, "respCode": "<b>"})),
        HttpAnswer(502, b"", {}),
        LOST,
    ],
)
def test_what_is_not_proven_is_unknown(answer: Any) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        rail(answer)[0].open(ORDER)
    assert "<" not in str(caught.value)


def test_a_refusal_that_is_not_proven_is_unknown_and_names_its_code() -> None:
    with pytest.raises(OutcomeUnknown, match="11"):
        rail(written({**ECHO, "respCode": "11"}))[0].open(ORDER)


# ---------------------------------------------------------------- asking

BEGUN, AT_THE_BANK = found("05"), found("05", queryId="Q1")


@pytest.mark.parametrize(
    ("answer", "early", "late", "much_later"),
    [
        (UNKNOWN_ORDER, "ABSENT", "CLOSED", "CLOSED"),
        (BEGUN, "WAITING", "CLOSED", "CLOSED"),
        (AT_THE_BANK, "PROCESSING", "PROCESSING", "FAILED"),
        (found("03"), "PROCESSING", "PROCESSING", "FAILED"),
        (found("04"), "PROCESSING", "PROCESSING", "FAILED"),
        (found("64"), "WAITING", "FAILED", "FAILED"),
        (found("39"), "WAITING", "CLOSED", "CLOSED"),
        (found("A6"), "PROCESSING", "PROCESSING", "PROCESSING"),
        (found("00"), "PAID", "PAID", "PAID"),
        (found("zz"), "WAITING", "FAILED", "FAILED"),
    ],
    ids=["34", "begun", "05", "03", "04", "64", "39", "A6", "00", "new"],
)
def test_only_time_makes_a_failure_final(answer: dict[str, Any], early: str, late: str, much_later: str) -> None:
    moments = {ORDER.opened_at: early, EXPIRED: late, MUCH_LATER: much_later}
    seen = {at: rail(answer, at=at)[0].query(ORDER).status for at in moments}
    assert seen == {at: TradeStatus(status) for at, status in moments.items()}


def test_within_clocks_difference_of_the_timeout_nothing_is_final() -> None:
    just_before = EXPIRED - timedelta(milliseconds=1)
    assert rail(UNKNOWN_ORDER, at=just_before)[0].query(ORDER).status is TradeStatus.ABSENT
    assert rail(found("64"), at=just_before)[0].query(ORDER).status is TradeStatus.WAITING


def test_what_is_told_of_a_payment() -> None:
    seen = rail(found("00"))[0].query(ORDER)
    assert (seen.amount, seen.rail_id, seen.mismatch) == (money(10000), PAID["queryId"], None)
    assert seen.at == datetime(2026, 1, 1, 17, 0, 5, tzinfo=UTC)


def test_a_failure_says_why() -> None:
    assert rail(found("64"), at=EXPIRED)[0].query(ORDER).reason == "64"


def test_a_flawed_success_is_for_an_operator() -> None:
    assert rail(found("A6"))[0].query(ORDER).mismatch == "result A6"


@pytest.mark.parametrize(
    ("changes", "mismatch"),
    [
        ({"settleAmt": "1"}, "settled amount"),
        ({"currencyCode": "840"}, "currency"),
        ({"currencyCode": None}, "currency"),
        ({"settleAmt": "1500", "settleCurrencyCode": "840"}, None),
    ],
)
def test_money_that_is_not_what_was_asked(changes: dict[str, Any], mismatch: str | None) -> None:
    assert rail(found("00", **changes))[0].query(ORDER).mismatch == mismatch


@pytest.mark.parametrize("changes", [{"txnAmt": None}, {"txnAmt": "1.00"}, {"queryId": None}])
def test_a_payment_without_amount_or_number_is_unknown(changes: dict[str, Any]) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(found("00", **changes))[0].query(ORDER)


@pytest.mark.parametrize("code", ["02", "06", "10", "11", "37", "99"])
def test_a_refused_question_tells_nothing(code: str) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(refused(code))[0].query(ORDER)


def test_questions_may_be_repeated() -> None:
    made, http = rail(found("00"))
    made.query(ORDER)
    assert (http.sent[0][0], http.repeatable) == ("queryTrans.do", [True])


@pytest.mark.parametrize(
    ("answer", "at", "status"),
    [
        (UNKNOWN_ORDER, ORDER.opened_at, "WAITING"),
        (BEGUN, ORDER.opened_at, "WAITING"),
        (UNKNOWN_ORDER, EXPIRED, "CLOSED"),
        (found("64"), EXPIRED, "FAILED"),
        (AT_THE_BANK, EXPIRED, "PROCESSING"),
        (found("00"), EXPIRED, "PAID"),
    ],
)
def test_closing_is_asking_whether_it_is_over(answer: dict[str, Any], at: datetime, status: str) -> None:
    made, http = rail(answer, at=at)
    assert made.close(ORDER).status is TradeStatus(status)
    assert [door for door, _ in http.sent] == ["queryTrans.do"]


# ---------------------------------------------------------------- giving back

VOID, SECOND, REFUND = ("31", "REFUND01"), ("04", "REFUND01R"), ("04", "REFUND01")
ASK, ASK_SECOND = ("00", "REFUND01"), ("00", "REFUND01R")


def test_all_of_it_on_the_day_is_a_void() -> None:
    made, http = rail({}, returned("00", "31"))
    answer = made.refund(refund_order())
    assert (answer.status, answer.rail_id) == (RefundStatus.SUCCEEDED, "Q2")
    assert http.asked == [VOID, ASK]
    assert http.sent[0][1]["origQryId"] == ORDER.rail_id


def test_a_void_that_comes_too_late_becomes_a_refund() -> None:
    made, http = rail(refused("35"), UNKNOWN_ORDER, {}, returned("00", "04"))
    assert made.refund(refund_order()).status is RefundStatus.SUCCEEDED
    assert http.asked == [VOID, ASK, SECOND, ASK_SECOND]


def test_a_void_that_the_bank_declines_becomes_a_refund() -> None:
    made, http = rail({}, returned("64", "31"), {}, returned("05", "04"))
    assert made.refund(refund_order()).status is RefundStatus.PENDING
    assert http.asked == [VOID, ASK, SECOND, ASK_SECOND]


def test_r5_a_void_without_an_answer_is_unknown_and_no_refund_follows() -> None:
    made, http = rail(LOST)
    with pytest.raises(OutcomeUnknown):
        made.refund(refund_order())
    assert http.asked == [VOID]


@pytest.mark.parametrize("code", ["03", "04", "05", "06"])
def test_r5_a_void_that_is_undecided_is_followed_by_no_refund(code: str) -> None:
    made, http = rail(refused(code))
    with pytest.raises(OutcomeUnknown):
        made.refund(refund_order())
    assert http.asked == [VOID]


def test_a_void_that_is_under_way_is_followed_by_no_refund() -> None:
    made, http = rail({}, returned("03", "31"))
    assert made.refund(refund_order()).status is RefundStatus.PENDING
    assert http.asked == [VOID, ASK]


def test_r5_a_void_that_an_earlier_request_made_is_found() -> None:
    for code in ("12", "35", "36"):
        made, http = rail(refused(code), returned("00", "31"))
        assert made.refund(refund_order()).status is RefundStatus.SUCCEEDED
        assert http.asked == [VOID, ASK]


def test_a_number_that_is_taken_and_not_shown_is_unknown() -> None:
    made, http = rail(refused("12"), UNKNOWN_ORDER)
    with pytest.raises(OutcomeUnknown):
        made.refund(refund_order())
    assert http.asked == [VOID, ASK]


def test_a_refusal_is_believed_only_once_the_refund_is_known_not_to_be() -> None:
    made, _ = rail(refused("36"), LOST)
    with pytest.raises(OutcomeUnknown):
        made.refund(refund_order(4000))


def test_a_part_of_it_is_a_refund() -> None:
    made, http = rail({}, returned("00", "04", 4000))
    assert made.refund(refund_order(4000)).status is RefundStatus.SUCCEEDED
    assert http.asked == [REFUND, ASK]


def test_r6_a_refund_that_is_refused_is_declined() -> None:
    with pytest.raises(RailDeclined, match="36"):
        rail(refused("36"), UNKNOWN_ORDER)[0].refund(refund_order(4000))
    with pytest.raises(RailDeclined, match="62"):
        rail({}, returned("62", "04", 4000))[0].refund(refund_order(4000))


def test_what_was_accepted_is_pending_whatever_the_question_brings() -> None:
    for answer in (LOST, UNKNOWN_ORDER):
        assert rail({}, answer)[0].refund(refund_order(4000)).status is RefundStatus.PENDING


def test_a_retry_is_the_same_requests() -> None:
    script = (refused("35"), UNKNOWN_ORDER, {}, returned("00", "04"))
    made, http = rail(*script, *script)
    made.refund(refund_order())
    made.refund(refund_order())
    assert http.sent[:4] == http.sent[4:]


def test_unionpays_number_of_the_payment_is_asked_for_where_it_is_not_known() -> None:
    unknown = refund_order(4000, order={"rail_id": None})
    made, http = rail(found("00"), {}, returned("00", "04", 4000))
    made.refund(unknown)
    assert http.asked == [("00", "ORDER001"), REFUND, ASK]
    assert http.sent[1][1]["origQryId"] == PAID["queryId"]
    with pytest.raises(RailDeclined, match="not paid"):
        rail(UNKNOWN_ORDER)[0].refund(unknown)
    with pytest.raises(OutcomeUnknown):
        rail(AT_THE_BANK)[0].refund(unknown)


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([returned("00", "31")], "SUCCEEDED"),
        ([returned("05", "31")], "PENDING"),
        ([returned("A6", "31")], "STUCK"),
        ([UNKNOWN_ORDER, UNKNOWN_ORDER], "ABSENT"),
        ([UNKNOWN_ORDER, returned("00", "04")], "SUCCEEDED"),
        ([returned("64", "31"), UNKNOWN_ORDER], "ABSENT"),
        ([returned("64", "31"), returned("04", "04")], "PENDING"),
        ([returned("64", "31"), returned("62", "04")], "FAILED"),
    ],
)
def test_a_refund_is_looked_for_under_both_numbers(answers: list[Any], status: str) -> None:
    made, http = rail(*answers)
    assert made.query_refund(refund_order()).status is RefundStatus(status)
    assert http.answers == []


@pytest.mark.parametrize("answer", [returned("00", "31", 9999), returned("00", "04"), returned("00", "01")])
def test_another_transaction_under_the_number_is_not_taken_for_it(answer: dict[str, Any]) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(answer)[0].query_refund(refund_order())
