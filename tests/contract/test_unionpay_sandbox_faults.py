"""The fault script does what it says, as often as it says, and the books stay right."""

import time
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.contract.sandbox_client import Inbox, Sandbox
from tests.contract.unionpay_merchant import Distrusted, Fields, UnionPayMerchant, beijing, digest, do, see

SIGNERS = {"merchant": "signer", "lookalike": "signer", "foreign": "chain", "expired": "expired"}


class Paid:
    """A payment of 88.80, and a refund of 40.00 that can be asked for again and again."""

    def __init__(self, unionpay: UnionPayMerchant, sandbox: Sandbox, number: str) -> None:
        self.unionpay, self.sandbox, self.number, self.txn_time = unionpay, sandbox, number, beijing()
        unionpay.call("qr", number, txnTime=self.txn_time)
        query_id = do(sandbox, "pay", order_id=number)["query_id"]
        self.refund_id = uuid4().hex
        self.fields = unionpay.fields("refund", self.refund_id, txnAmt="4000", origQryId=query_id)

    def fault(self, kind: str, method: str = "refund", **options: Any) -> None:
        order_id = self.refund_id if method == "refund" else self.number
        assert "id" in do(self.sandbox, "faults", order_id=order_id, method=method, kind=kind, **options)

    def refund(self, timeout: float = 10) -> Fields:
        response = self.unionpay.post("backTransReq", self.unionpay.signed(self.fields), timeout)
        response.raise_for_status()
        return self.unionpay.read(response.content)

    def query(self) -> Fields:
        return self.unionpay.query(self.number, self.txn_time)

    @property
    def returned(self) -> int:
        returned: int = see(self.sandbox, f"orders/{self.number}")["returned"]
        return returned


@pytest.fixture
def paid(unionpay: UnionPayMerchant, sandbox: Sandbox, number: str) -> Paid:
    return Paid(unionpay, sandbox, number)


@pytest.mark.parametrize(
    ("kind", "options", "is_done"),
    [
        ("drop", {}, False),
        ("drop_after", {}, True),
        ("timeout", {"seconds": 1.5}, True),
        ("http_error", {}, False),
        ("http_error", {"status": 503, "work": True}, True),
    ],
)
def test_calls_without_an_answer(paid: Paid, kind: str, options: dict[str, Any], *, is_done: bool) -> None:
    paid.fault(kind, **options)
    with pytest.raises(requests.RequestException):
        paid.refund(timeout=0.4)
    assert paid.returned == (4000 if is_done else 0)
    assert paid.refund()["respCode"] == ("12" if is_done else "00")
    assert see(paid.sandbox, "calls", method="refund", order_id=paid.refund_id)["count"] == 2


@pytest.mark.parametrize(("options", "code"), [({}, "02"), ({"respCode": "03", "work": True}, "03")])
def test_answers_that_decide_nothing(paid: Paid, options: dict[str, Any], code: str) -> None:
    paid.fault("refuse", **options)
    assert paid.refund()["respCode"] == code
    assert paid.returned == (4000 if options else 0)


@pytest.mark.parametrize("kind", ["bad_signature", "unsigned"])
def test_answers_that_cannot_be_believed(paid: Paid, kind: str) -> None:
    paid.fault(kind)
    with pytest.raises(Distrusted, match=kind.removeprefix("bad_")):
        paid.refund()
    assert paid.returned == 4000
    paid.fault(kind, "query")
    with pytest.raises(Distrusted):
        paid.query()
    assert paid.query()["origRespCode"] == "00"


@pytest.mark.parametrize(("signer", "complaint"), SIGNERS.items())
def test_answers_by_somebody_else(paid: Paid, signer: str, complaint: str) -> None:
    """Each is signed well, and wrong in one way only."""
    paid.fault("signer", "query", signer=signer)
    with pytest.raises(Distrusted, match=complaint):
        paid.query()
    assert paid.query()["origRespCode"] == "00"


def test_garbage(paid: Paid) -> None:
    paid.fault("garbage")
    with pytest.raises(UnicodeDecodeError):
        paid.refund()
    assert paid.returned == 4000


def test_an_answer_of_ones_choice(paid: Paid) -> None:
    paid.fault("override", "query", fields={"origRespCode": "05", "settleAmt": "1"}, count=2)
    seen = [paid.query() for _ in range(3)]
    assert [(answer["origRespCode"], answer["settleAmt"]) for answer in seen] == [("05", "1")] * 2 + [
        ("00", "8880")
    ]


def test_empty_fields_in_an_answer(paid: Paid) -> None:
    paid.fault("empty_fields", "query")
    answer = paid.query()
    assert answer["reserved"] == ""
    assert digest(answer) == digest({name: value for name, value in answer.items() if value})


def test_a_fault_for_whatever_order_comes_next(paid: Paid) -> None:
    do(paid.sandbox, "faults", method="query", kind="refuse", respCode="37")
    assert [paid.query()["respCode"] for _ in range(2)] == ["37", "00"]


def test_faults_in_the_payers_browser(unionpay: UnionPayMerchant, sandbox: Sandbox, number: str) -> None:
    fields = unionpay.signed(unionpay.fields("front", number))
    for fault in ({"kind": "refuse", "respCode": "02"}, {"kind": "signer", "signer": "foreign"}):
        do(sandbox, "faults", method="front", order_id=number, **fault)
    assert "02 系统未开放" in unionpay.post("frontTransReq", fields).text
    assert "88.80" in unionpay.post("frontTransReq", fields).text


def test_unknown_faults_are_refused(sandbox: Sandbox) -> None:
    assert "no such fault" in do(sandbox, "faults", method="query", kind="withhold")["error"]
    assert "no such fault" in do(sandbox, "faults", method="callback", kind="drop")["error"]


def test_the_notification_can_overtake_the_answer(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    do(sandbox, "faults", order_id=number, method="qr", kind="callback_first")
    unionpay.call("qr", number, backUrl=shop.url)
    assert len(shop.bodies) == 1  # it came before the answer did
    assert unionpay.read_notification(shop.bodies[0])["orderId"] == number


# ---------------------------------------------------------------- notifications


def body_with(unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str, **fault: Any) -> bytes:
    unionpay.call("qr", number, backUrl=shop.url)
    assert "id" in do(sandbox, "faults", order_id=number, method="callback", **fault)
    do(sandbox, "pay", order_id=number)
    return shop.wait(1)[0]


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("wrong_amount", ["settleAmt", "txnAmt"]),
        ("wrong_settle_amount", ["settleAmt"]),
        ("wrong_currency", ["currencyCode", "settleCurrencyCode"]),
        ("wrong_merchant", ["merId"]),
        ("other_order", ["orderId"]),
    ],
)
def test_well_signed_notifications_that_do_not_fit(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str, kind: str, changed: list[str]
) -> None:
    sent = unionpay.read_notification(body_with(unionpay, sandbox, shop, number, kind=kind))
    (callback,) = see(sandbox, "callbacks", order_id=number)["callbacks"]
    do(sandbox, f"callbacks/{callback['id']}/resend")
    truth = unionpay.read_notification(shop.wait(2)[1])
    assert sorted(name for name in truth if name != "signature" and sent[name] != truth[name]) == changed


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [({"kind": "bad_signature"}, "signature"), ({"kind": "unsigned"}, "unsigned")]
    + [({"kind": "signer", "signer": signer}, complaint) for signer, complaint in SIGNERS.items()],
)
def test_notifications_that_cannot_be_believed(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str, fault: dict[str, str], complaint: str
) -> None:
    body = body_with(unionpay, sandbox, shop, number, **fault)
    with pytest.raises(Distrusted, match=complaint):
        unionpay.read_notification(body)


def test_empty_fields_in_a_notification(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    body = body_with(unionpay, sandbox, shop, number, kind="empty_fields")
    assert b"reserved=&" in body
    assert unionpay.read_notification(body)["reserved"] == ""


def test_a_notification_with_values_of_ones_choice(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    fields = {"respCode": "A6", "reserved": "a b+c&d=é"}
    sent = unionpay.read_notification(body_with(unionpay, sandbox, shop, number, kind="override", fields=fields))
    assert fields.items() <= sent.items()


def test_duplicates_come_at_once(unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    body_with(unionpay, sandbox, shop, number, kind="duplicate", copies=20)
    assert len(set(shop.wait(20))) == 1


def test_a_withheld_notification_is_not_sent(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    do(sandbox, "faults", order_id=number, method="callback", kind="withhold")
    unionpay.call("qr", number, backUrl=shop.url)
    query_id = do(sandbox, "pay", order_id=number)["query_id"]
    unionpay.call("refund", uuid4().hex, origQryId=query_id, backUrl=shop.url)
    assert unionpay.read_notification(shop.wait(1)[0])["txnType"] == "04"
    first, _ = see(sandbox, "callbacks", order_id=number)["callbacks"]
    assert (first["state"], first["sends"]) == ("withheld", [])


def test_reordered_notifications(unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    do(sandbox, "faults", order_id=number, method="callback", kind="reorder")
    unionpay.call("qr", number, backUrl=shop.url)
    query_id = do(sandbox, "pay", order_id=number)["query_id"]
    unionpay.call("refund", uuid4().hex, origQryId=query_id, backUrl=shop.url)
    assert [unionpay.read_notification(body)["txnType"] for body in shop.wait(2)] == ["04", "01"]


def test_a_delayed_notification(unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    started = time.monotonic()
    body_with(unionpay, sandbox, shop, number, kind="delay", seconds=0.4)
    assert time.monotonic() - started >= 0.4
