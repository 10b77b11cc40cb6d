"""Voids and refunds: what may be taken back, and that each is asked about by its own number."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.contract.sandbox_client import Inbox, Sandbox
from tests.contract.unionpay_merchant import Fields, UnionPayMerchant, beijing, do, see

DAY = 86400


@pytest.fixture
def query_id(unionpay: UnionPayMerchant, sandbox: Sandbox, number: str) -> str:
    """The number that the rail gave a payment of 88.80."""
    unionpay.call("qr", number)
    return do(sandbox, "pay", order_id=number)["query_id"]


def take(unionpay: UnionPayMerchant, kind: str, query_id: str, amount: int, **more: str) -> Fields:
    return unionpay.call(kind, more.pop("orderId", uuid4().hex), txnAmt=str(amount), origQryId=query_id, **more)


def test_refunds_down_to_nothing_and_not_beyond(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, query_id: str
) -> None:
    given = [take(unionpay, "refund", query_id, amount)["respCode"] for amount in (6000, 2881, 2880, 1)]
    assert given == ["00", "36", "00", "36"]
    payment = see(sandbox, f"orders/{number}")
    assert (payment["paid"], payment["returned"]) == (8880, 8880)
    assert [row["txn_amt"] for row in payment["refunds"]] == [6000, 2880]


def test_a_refund_is_asked_about_by_its_own_number(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, query_id: str
) -> None:
    mine, txn_time = uuid4().hex, beijing()
    given = take(
        unionpay, "refund", query_id, 6000, orderId=mine, txnTime=txn_time, backUrl=shop.url, currencyCode=""
    )
    assert (given["respCode"], given["origQryId"], given["txnAmt"]) == ("00", query_id, "6000")
    asked = unionpay.query(mine, txn_time)
    truth = {"orderId": mine, "txnType": "04", "txnAmt": "6000", "settleAmt": "6000", "queryId": given["queryId"]}
    assert (truth | {"respCode": "00", "origRespCode": "00"}).items() <= asked.items()
    told = unionpay.read_notification(shop.wait(1)[0])
    assert (truth | {"respCode": "00", "origQryId": query_id}).items() <= told.items()


def test_the_same_refund_again_is_a_duplicate(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, query_id: str
) -> None:
    mine, txn_time = uuid4().hex, beijing()
    codes = [take(unionpay, "refund", query_id, 100, orderId=mine, txnTime=txn_time)["respCode"] for _ in range(2)]
    assert codes == ["00", "12"]
    assert see(sandbox, f"orders/{number}")["returned"] == 100


def test_a_void_takes_all_of_it_once(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str, query_id: str
) -> None:
    assert take(unionpay, "void", query_id, 8879)["respCode"] == "36"
    assert take(unionpay, "void", query_id, 8880, backUrl=shop.url)["respCode"] == "00"
    assert take(unionpay, "void", query_id, 8880)["respCode"] == "35"
    assert take(unionpay, "refund", query_id, 1)["respCode"] == "35"
    assert see(sandbox, f"orders/{number}")["returned"] == 8880
    told = unionpay.read_notification(shop.wait(1)[0])
    assert (told["txnType"], told["origQryId"], told["settleAmt"]) == ("31", query_id, "8880")


def test_a_void_is_for_the_settlement_day_and_a_refund_for_later(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, query_id: str
) -> None:
    do(sandbox, "age", order_id=number, seconds=DAY)
    assert take(unionpay, "void", query_id, 8880)["respCode"] == "35"
    assert take(unionpay, "refund", query_id, 8880)["respCode"] == "00"


def test_nothing_is_voided_after_a_refund(unionpay: UnionPayMerchant, query_id: str) -> None:
    take(unionpay, "refund", query_id, 1)
    assert take(unionpay, "void", query_id, 8880)["respCode"] == "35"


@pytest.mark.parametrize("kind", ["void", "refund"])
def test_only_a_payment_that_was_made_is_taken_back(
    unionpay: UnionPayMerchant, sandbox: Sandbox, query_id: str, kind: str
) -> None:
    assert take(unionpay, kind, "0" * 21, 8880)["respCode"] == "35"
    refund = take(unionpay, "refund", query_id, 100)
    assert take(unionpay, kind, refund["queryId"], 100)["respCode"] == "35"
    assert take(unionpay, kind, "", 100)["respCode"] == "13"


def test_accepted_is_not_done(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str, query_id: str
) -> None:
    """What is processing counts; what failed is free again and is told to nobody."""
    mine, txn_time = uuid4().hex, beijing()
    do(sandbox, "outcome", order_id=mine, resp_code="05")
    more = {"orderId": mine, "txnTime": txn_time, "backUrl": shop.url}
    assert take(unionpay, "refund", query_id, 8880, **more)["respCode"] == "00"
    assert unionpay.query(mine, txn_time)["origRespCode"] == "05"
    assert take(unionpay, "refund", query_id, 1)["respCode"] == "36"
    do(sandbox, "finish", order_id=mine, resp_code="01")
    assert unionpay.query(mine, txn_time)["origRespCode"] == "01"
    assert see(sandbox, f"orders/{number}")["returned"] == 0
    assert take(unionpay, "refund", query_id, 8880, backUrl=shop.url)["respCode"] == "00"
    assert len({unionpay.read_notification(body)["orderId"] for body in shop.wait(1)} - {mine}) == 1


def test_two_refunds_at_once_take_what_is_there(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, query_id: str
) -> None:
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: take(unionpay, "refund", query_id, 5000)["respCode"], range(8)))
    assert sorted(given) == ["00", *["36"] * 7]
    assert see(sandbox, f"orders/{number}")["returned"] == 5000


def test_a_refund_made_on_the_rails_own_site(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, query_id: str
) -> None:
    payment = do(sandbox, "console-refund", order_id=number, amount=80)
    assert (payment["returned"], len(payment["refunds"])) == (80, 1)
    told = [callback["params"]["txnType"] for callback in see(sandbox, "callbacks", order_id=number)["callbacks"]]
    assert told == ["01"]
    assert do(sandbox, "console-refund", order_id=number)["returned"] == 8880
    assert do(sandbox, "console-refund", order_id=number, amount=1)["respCode"] == "36"
