"""What orders, refunds and their ends look like through the merchant's interfaces."""

import json
import time
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import requests

from tests.contract.sandbox_client import SHANGHAI, Merchant, Sandbox

PRECREATE, QUERY, CLOSE = "alipay.trade.precreate", "alipay.trade.query", "alipay.trade.close"
CANCEL, REFUND = "alipay.trade.cancel", "alipay.trade.refund"
REFUND_QUERY = "alipay.trade.fastpay.refund.query"


class Order:
    """One order of 100.00 and what is asked about it."""

    def __init__(self, merchant: Merchant, sandbox: Sandbox, number: str) -> None:
        self.merchant, self.sandbox, self.number = merchant, sandbox, number

    def ask(self, method: str, **biz: Any) -> dict[str, Any]:
        return self.merchant.call(method, {"out_trade_no": self.number} | biz)

    def announce(self, **biz: Any) -> dict[str, Any]:
        return self.ask(PRECREATE, **({"total_amount": "100.00", "subject": "商品"} | biz))

    def pay(self) -> None:
        self.announce()
        assert self.sandbox.do("pay", out_trade_no=self.number)["status"] == "TRADE_SUCCESS"

    def status(self) -> str:
        answer = self.ask(QUERY)
        return answer.get("trade_status") or answer["sub_code"]


@pytest.fixture
def order(merchant: Merchant, sandbox: Sandbox, number: str) -> Order:
    return Order(merchant, sandbox, number)


def test_a_qr_trade_does_not_exist_until_it_is_scanned(order: Order) -> None:
    code = order.announce()["qr_code"]
    assert order.status() == "ACQ.TRADE_NOT_EXIST"
    assert order.ask(CLOSE)["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    cancelled = order.ask(CANCEL)
    assert cancelled["code"] == "10000"
    assert "action" not in cancelled
    assert order.announce()["qr_code"] == code
    order.sandbox.do("scan", out_trade_no=order.number)
    assert order.status() == "WAIT_BUYER_PAY"
    order.sandbox.do("decline", out_trade_no=order.number)
    assert order.status() == "WAIT_BUYER_PAY"
    order.sandbox.do("pay", out_trade_no=order.number)
    paid = order.ask(QUERY)
    assert (paid["trade_status"], paid["total_amount"], paid["buyer_pay_amount"]) == (
        "TRADE_SUCCESS",
        "100.00",
        "100.00",
    )
    assert order.merchant.call(QUERY, {"trade_no": paid["trade_no"]})["out_trade_no"] == order.number


@pytest.mark.parametrize("changed", [{"total_amount": "100.01"}, {"subject": "别的"}, {"body": "更多"}])
def test_other_data_under_the_same_number_is_refused(order: Order, changed: dict[str, str]) -> None:
    order.announce()
    assert order.announce(**changed)["sub_code"] == "ACQ.CONTEXT_INCONSISTENT"


def test_announcing_again_after_the_end(order: Order) -> None:
    order.pay()
    assert order.announce()["sub_code"] == "ACQ.TRADE_HAS_SUCCESS"


@pytest.mark.parametrize(
    "amount",
    ["", "0", "0.00", "-1", "1.001", "1,00", "1e2", " 1", "1 ", ".5", "1.", "NaN", "\u0661", None, True, {}],
)
def test_amounts_that_are_none(order: Order, amount: Any) -> None:
    assert order.announce(total_amount=amount)["sub_code"] == "ACQ.INVALID_PARAMETER"


def test_amounts_at_the_edges(order: Order) -> None:
    assert order.announce(total_amount="100000000.01")["sub_code"] == "ACQ.TOTAL_FEE_EXCEED"
    assert order.announce(total_amount="100000000.00")["code"] == "10000"


@pytest.mark.parametrize(
    "changed",
    [
        {"out_trade_no": "x" * 65},
        {"out_trade_no": "has space"},
        {"out_trade_no": ""},
        {"subject": ""},
        {"subject": "x" * 257},
        {"subject": "a\x00b"},
        {"time_expire": "tomorrow"},
        {"timeout_express": "16d"},
        {"timeout_express": "5s"},
    ],
)
def test_fields_that_are_refused(order: Order, changed: dict[str, str]) -> None:
    assert order.announce(**changed)["sub_code"] == "ACQ.INVALID_PARAMETER"


@pytest.mark.parametrize("value", [1.5, True, [], {}, ["a"], {"a": 1}, "\x00", "\ud800", "x" * 70000, 10**400])
@pytest.mark.parametrize("method", [PRECREATE, QUERY, REFUND, "alipay.trade.page.pay"])
def test_nonsense_is_refused_and_breaks_nothing(order: Order, method: str, value: Any) -> None:
    names = ("out_trade_no", "trade_no", "total_amount", "subject", "product_code", "refund_amount", "goods")
    biz = {"out_trade_no": order.number, "total_amount": "1", "subject": "x", "refund_amount": "1"}
    for name in names:
        params = order.merchant.params(method, {}, biz_content=json.dumps(biz | {name: value}))
        signed = order.merchant.signed(params)
        assert requests.post(order.merchant.gateway, data=signed, timeout=10).status_code == 200


def test_a_time_in_the_past(order: Order) -> None:
    answer = order.announce(time_expire="2020-01-01 00:00:00")
    assert answer["sub_code"] == "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR"


def _soon(seconds: int) -> str:
    return (datetime.now(SHANGHAI) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def test_a_scanned_trade_closes_when_its_time_is_up(order: Order) -> None:
    order.announce(time_expire=_soon(2))
    order.sandbox.do("scan", out_trade_no=order.number)
    assert order.status() == "WAIT_BUYER_PAY"
    time.sleep(2.1)
    assert order.status() == "TRADE_CLOSED"
    assert order.sandbox.do("pay", out_trade_no=order.number)["sub_code"] == "ACQ.TRADE_HAS_CLOSE"


def test_an_unscanned_code_stops_working_when_its_time_is_up(order: Order) -> None:
    order.announce(time_expire=_soon(1))
    time.sleep(1.1)
    assert order.sandbox.do("pay", out_trade_no=order.number)["sub_code"] == "ACQ.TRADE_HAS_CLOSE"
    assert order.status() == "ACQ.TRADE_NOT_EXIST"


def test_time_expire_is_shanghais_time(order: Order) -> None:
    order.announce(time_expire=_soon(600))
    assert order.sandbox.see(f"orders/{order.number}")["expires_at"] == pytest.approx(time.time() + 600, abs=3)


def test_closing(order: Order) -> None:
    order.announce()
    order.sandbox.do("scan", out_trade_no=order.number)
    assert order.ask(CLOSE)["code"] == "10000"
    assert order.status() == "TRADE_CLOSED"
    assert order.ask(CLOSE)["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
    assert order.ask(REFUND, refund_amount="1", out_request_no="r")["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
    assert order.announce()["sub_code"] == "ACQ.TRADE_HAS_CLOSE"


def test_a_paid_trade_cannot_be_closed(order: Order) -> None:
    order.pay()
    assert order.ask(CLOSE)["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
    assert order.status() == "TRADE_SUCCESS"


def test_cancelling_undoes_what_there_was(order: Order) -> None:
    order.pay()
    first, second = order.ask(CANCEL), order.ask(CANCEL)
    assert first["action"] == second["action"] == "refund"
    assert order.status() == "TRADE_CLOSED"
    assert order.sandbox.see(f"orders/{order.number}")["refunded"] == 10000


def test_refunds_up_to_the_whole(order: Order) -> None:
    order.pay()
    part = order.ask(REFUND, refund_amount="60.00", out_request_no="r1")
    assert (part["fund_change"], part["refund_fee"], order.status()) == ("Y", "60.00", "TRADE_SUCCESS")
    again = order.ask(REFUND, refund_amount="60.00", out_request_no="r1")
    assert (again["code"], again["fund_change"], again["refund_fee"]) == ("10000", "N", "60.00")
    other = order.ask(REFUND, refund_amount="10.00", out_request_no="r1")
    assert other["sub_code"] == "ACQ.DISCORDANT_REPEAT_REQUEST"
    more = order.ask(REFUND, refund_amount="40.01", out_request_no="r2")
    assert (more["sub_code"], more["refund_fee"]) == ("ACQ.REASON_TRADE_REFUND_FEE_ERR", "0.00")
    rest = order.ask(REFUND, refund_amount="40", out_request_no="r3")
    assert (rest["fund_change"], rest["refund_fee"], order.status()) == ("Y", "100.00", "TRADE_CLOSED")
    assert order.ask(REFUND, refund_amount="40", out_request_no="r3")["fund_change"] == "N"
    assert order.ask(REFUND, refund_amount="1", out_request_no="r4")["sub_code"] == "ACQ.TRADE_STATUS_ERROR"


def test_a_partial_refund_needs_its_own_number(order: Order) -> None:
    order.pay()
    assert order.ask(REFUND, refund_amount="1.00")["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    assert order.ask(REFUND, refund_amount="100.00")["fund_change"] == "Y"


@pytest.mark.parametrize("amount", ["0", "0.001", "-5", "", None])
def test_refund_amounts_that_are_none(order: Order, amount: Any) -> None:
    order.pay()
    answer = order.ask(REFUND, refund_amount=amount, out_request_no="r")
    assert answer["sub_code"] == "ACQ.INVALID_PARAMETER"


def test_refunds_at_once_never_exceed_the_total(order: Order) -> None:
    order.pay()
    barrier, answers = Barrier(8), []

    def refund(name: str) -> None:
        barrier.wait()
        answers.append(order.ask(REFUND, refund_amount="60", out_request_no=name).get("fund_change"))

    threads = [Thread(target=refund, args=(f"r{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers, key=str) == [None] * 7 + ["Y"]


def test_refund_query(order: Order) -> None:
    assert order.ask(REFUND_QUERY, out_request_no="r")["sub_code"] == "TRADE_NOT_EXIST"
    order.pay()
    unknown = order.ask(REFUND_QUERY, out_request_no="r")
    assert unknown["code"] == "10000"
    assert "refund_status" not in unknown
    order.ask(REFUND, refund_amount="2.5", out_request_no="r")
    known = order.ask(REFUND_QUERY, out_request_no="r")
    assert (known["refund_status"], known["refund_amount"], known["total_amount"]) == (
        "REFUND_SUCCESS",
        "2.50",
        "100.00",
    )
    assert order.ask(REFUND_QUERY)["sub_code"] == "ACQ.INVALID_PARAMETER"


def test_a_finished_trade_is_past_refunding(order: Order) -> None:
    order.pay()
    order.sandbox.do("finish", out_trade_no=order.number)
    assert order.status() == "TRADE_FINISHED"
    assert order.ask(REFUND, refund_amount="1", out_request_no="r")["sub_code"] == "ACQ.TRADE_HAS_FINISHED"


def test_a_refund_in_the_merchants_console_shows_in_the_sums(order: Order) -> None:
    order.pay()
    order.sandbox.do("console-refund", out_trade_no=order.number, amount=2500, out_request_no="desk1")
    assert order.ask(REFUND_QUERY, out_request_no="desk1")["refund_amount"] == "25.00"
    ledger = order.sandbox.see("ledger")
    assert ledger["orders"][order.number] == {
        "status": "TRADE_SUCCESS",
        "total": 10000,
        "paid": 10000,
        "refunded": 2500,
    }
    assert ledger["paid"] >= 10000


def test_calls_are_counted(order: Order) -> None:
    order.announce()
    order.announce()
    order.status()
    assert order.sandbox.see("calls", method=PRECREATE, out_trade_no=order.number)["count"] == 2
    assert order.sandbox.see("calls", out_trade_no=order.number)["count"] == 3
