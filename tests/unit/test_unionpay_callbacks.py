from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from paygate.domain.errors import CallbackRefused
from paygate.ports import CallbackRequest, Observation, RefundStatus, ToldRefund, TradeStatus
from tests.unit.unionpay_side import (
    END,
    MER_ID,
    NOW,
    PAID,
    changed,
    money,
    notification,
    rail,
    sign,
    signer,
)

REFUNDED = PAID | {
    "orderId": "REFUND01",
    "txnType": "04",
    "txnSubType": "00",
    "txnAmt": "4000",
    "settleAmt": "4000",
    "queryId": "Q2",
    "origQryId": PAID["queryId"],
    "reqReserved": "ORDER001|REFUND01",
}


def read(body: bytes, at: datetime = NOW, received_at: datetime | None = None) -> Observation | None:
    return rail(at=at)[0].read_callback(CallbackRequest(body, {}, {"respCode": "01"}, received_at))


def told(**changes: str | None) -> Observation:
    seen = read(notification(**changes))
    assert seen is not None
    return seen


def refunded(**changes: str | None) -> Observation:
    seen = read(urlencode(sign(changed(REFUNDED, changes))).encode())
    assert seen is not None
    return seen


def test_a_payment() -> None:
    assert told() == Observation(
        reference="ORDER001",
        status=TradeStatus.PAID,
        rail_id=PAID["queryId"],
        amount=money(10000),
        at=datetime(2026, 1, 1, 17, 0, 5, tzinfo=UTC),
    )


def test_w10_empty_fields_change_nothing() -> None:
    assert told(exchangeRate="", bindId="") == told()


@pytest.mark.parametrize(
    ("owner", "given"),
    [
        ("unionpay", {"holder": "041@1@某商户有限公司@2"}),
        ("unionpay", {"issuer": "stranger", "issuer_name": "middle"}),
        ("unionpay", {"end": NOW - timedelta(days=1)}),
        ("stranger", {}),
    ],
    ids=["another holder", "another chain", "run out", "another key"],
)
def test_w10_a_signer_that_is_not_unionpay(owner: str, given: dict[str, Any]) -> None:
    with pytest.raises(CallbackRefused, match="verify"):
        read(notification(owner, signer(**given)))


def test_w12_what_we_signed_ourselves_is_refused() -> None:
    """The form that the payer's browser has from us carries our signature, and says what it was told to."""
    ours = signer(holder="041@1@商户@1", owner="merchant")
    with pytest.raises(CallbackRefused, match="verify"):
        read(notification("merchant", ours))


@pytest.mark.parametrize("missing", ["signature", "signPubKeyCert", "queryId", "traceNo", "settleAmt", "orderId"])
def test_w5_what_lacks_something_that_every_notification_has(missing: str) -> None:
    fields = sign(changed(PAID, {missing: None}))
    with pytest.raises(CallbackRefused):
        read(urlencode({name: value for name, value in fields.items() if name != missing}).encode())


def test_unionpays_answers_to_us_are_no_notifications() -> None:
    """Signed by UnionPay all the same: of a query, whose 00 is not the payment's, and of a request it accepted."""
    with pytest.raises(CallbackRefused):
        read(notification(origRespCode="05"))
    accepted = {"merId": MER_ID, "orderId": "REFUND01", "txnType": "04", "txnAmt": "4000", "respCode": "00"}
    with pytest.raises(CallbackRefused):
        read(urlencode(sign({**accepted, "queryId": "Q2", "origQryId": "Q1"})).encode())


@pytest.mark.parametrize(
    ("changes", "mismatch"),
    [
        ({"merId": "777290000000002"}, "merchant"),
        ({"currencyCode": "840"}, "currency"),
        ({"settleAmt": "1"}, "settled amount"),
        ({"respCode": "A6"}, "result A6"),
    ],
)
def test_w7_a_fact_that_is_not_ours_is_named(changes: dict[str, Any], mismatch: str) -> None:
    assert told(**changes).mismatch == mismatch


def test_w13_the_amount_is_what_unionpay_signed() -> None:
    assert told(txnAmt="1", settleAmt="1").amount == money(1)


@pytest.mark.parametrize(("code", "status"), [("05", "PROCESSING"), ("64", "WAITING"), ("34", "WAITING")])
def test_a_front_notification_of_no_success_decides_nothing(code: str, status: str) -> None:
    seen = told(respCode=code)
    assert (seen.status, seen.mismatch) == (TradeStatus(status), None)


@pytest.mark.parametrize("txn_type", ["04", "31"])
def test_a_refund_names_the_payment_and_itself(txn_type: str) -> None:
    seen = refunded(txnType=txn_type)
    assert (seen.reference, seen.rail_id, seen.status, seen.is_hint) == (
        "ORDER001",
        PAID["queryId"],
        TradeStatus.PAID,
        True,
    )
    assert seen.refund == ToldRefund("REFUND01", RefundStatus.SUCCEEDED, money(4000), "Q2")


def test_a_refund_in_place_of_a_void_is_the_same_refund() -> None:
    refund = refunded(orderId="REFUND01R").refund
    assert refund is not None
    assert refund.reference == "REFUND01"


def test_r7_a_refund_that_we_did_not_ask_for_is_found_by_unionpays_number() -> None:
    seen = refunded(reqReserved=None, orderId="CONSOLE01")
    assert seen.refund is not None
    assert (seen.reference, seen.rail_id, seen.refund.reference) == ("", PAID["queryId"], "CONSOLE01")


def test_a_flawed_refund_waits_for_an_operator() -> None:
    refund = refunded(respCode="A6").refund
    assert refund is not None
    assert (refund.status, refund.reason) == (RefundStatus.STUCK, "A6")


def test_a_refund_in_another_currency_is_not_booked() -> None:
    seen = refunded(currencyCode="840")
    assert (seen.mismatch, seen.is_hint) == ("currency", False)


def test_what_tells_of_nothing_of_ours() -> None:
    assert read(notification(txnType="02")) is None
    assert read(urlencode(sign(REFUNDED | {"respCode": "05"})).encode()) is None


def test_a_stored_one_is_judged_by_the_day_it_came() -> None:
    later = END + timedelta(days=1)
    with pytest.raises(CallbackRefused):
        read(notification(), at=later)
    assert read(notification(), at=later, received_at=NOW) is not None


@pytest.mark.parametrize("amount", ["", "1.00", "-1", "x"])
def test_what_has_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(CallbackRefused):
        read(notification(txnAmt=amount))


def test_a_field_that_came_twice_is_refused() -> None:
    with pytest.raises(CallbackRefused):
        read(notification() + b"&orderId=ORDER002")
