"""The alipay.trade.* interfaces: one function each, from biz_content to the answer's fields."""

import time
from collections.abc import Callable
from typing import Any

from infra.sandbox.alipay import terms, trades
from infra.sandbox.alipay.errors import GatewayError, refused
from infra.sandbox.alipay.notifications import BUYER_ID, BUYER_LOGON_ID
from infra.sandbox.alipay.terms import yuan
from infra.sandbox.alipay.wire import Request, shanghai
from infra.sandbox.ledger import Db, Row

Answer = dict[str, Any]
Method = Callable[[Db, Request, str], Answer]
SUCCESS = {"code": "10000", "msg": "Success"}
# These open a cashier in the payer's hands; the gateway has no synchronous answer for them.
CASHIER_METHODS = {"alipay.trade.page.pay", "alipay.trade.wap.pay"}
APP_METHOD = "alipay.trade.app.pay"
# Failures of these carry amounts too, all zero.
ERROR_FIELDS: dict[str, Answer] = {
    "alipay.trade.query": dict.fromkeys(
        ("buyer_pay_amount", "invoice_amount", "point_amount", "receipt_amount"), "0.00"
    ),
    "alipay.trade.refund": dict.fromkeys(("refund_fee", "send_back_fee"), "0.00"),
}


def precreate(db: Db, request: Request, public_url: str) -> Answer:
    trade = trades.open_order(db, request)
    return SUCCESS | {
        "out_trade_no": trade["out_trade_no"],
        "qr_code": f"{public_url}/alipay/qr/{trade['code']}",
    }


def query(db: Db, request: Request, _public_url: str) -> Answer:
    trade = _existing(db, request)
    total = yuan(trade["total"])
    paid = total if trade["paid_at"] else "0.00"
    answer: Answer = (
        SUCCESS
        | _identity(trade)
        | {
            "trade_status": trade["status"],
            "total_amount": total,
            "receipt_amount": paid,
            "buyer_pay_amount": paid,
            "invoice_amount": paid,
            "point_amount": "0.00",
            "buyer_user_type": "PRIVATE",
        }
    )
    if trade["paid_at"]:
        answer["send_pay_date"] = shanghai(trade["paid_at"])
        answer["fund_bill_list"] = [{"amount": total, "fund_channel": "ALIPAYACCOUNT"}]
    return answer


def close(db: Db, request: Request, _public_url: str) -> Answer:
    trade = trades.close(db, _existing(db, request))
    return SUCCESS | {"out_trade_no": trade["out_trade_no"], "trade_no": trade["trade_no"]}


def cancel(db: Db, request: Request, _public_url: str) -> Answer:
    """An unknown trade is no error here: the answer just lacks the `action`."""
    trade = _find(db, request)
    if trade is None or trade["status"] == "NOT_SCANNED":
        return SUCCESS | {"out_trade_no": request.biz.get("out_trade_no", ""), "retry_flag": "N"}
    action = trades.cancel(db, trade)
    return SUCCESS | {
        "out_trade_no": trade["out_trade_no"],
        "trade_no": trade["trade_no"],
        "retry_flag": "N",
        "action": action,
    }


def refund(db: Db, request: Request, _public_url: str) -> Answer:
    amount = terms.fen(request.biz.get("refund_amount"), "refund_amount")
    out_request_no = terms.number(request.biz, "out_request_no")
    reason = terms.text(request.biz, "refund_reason", 256)
    trade, is_changed = trades.refund(db, _existing(db, request), amount, out_request_no, reason)
    answer: Answer = (
        SUCCESS
        | _identity(trade)
        | {
            "fund_change": "Y" if is_changed else "N",
            "refund_fee": yuan(trade["refunded"]),
            "send_back_fee": yuan(amount if is_changed else 0),
        }
    )
    if is_changed:
        answer["gmt_refund_pay"] = shanghai(time.time())
        answer["refund_detail_item_list"] = [{"amount": yuan(amount), "fund_channel": "ALIPAYACCOUNT"}]
    return answer


def refund_query(db: Db, request: Request, _public_url: str) -> Answer:
    """An unknown refund is answered 10000 without refund_status: it was not made, or not yet."""
    out_request_no = terms.number(request.biz, "out_request_no", is_required=True)
    trade = _find(db, request)
    if trade is None or trade["status"] == "NOT_SCANNED":
        raise GatewayError("40004", "TRADE_NOT_EXIST", "查询退款的交易不存在")
    found = trades.find_refund(db, trade, out_request_no)
    if found is None:
        return dict(SUCCESS)
    return SUCCESS | {
        "out_trade_no": trade["out_trade_no"],
        "trade_no": trade["trade_no"],
        "out_request_no": found["out_request_no"],
        "refund_status": "REFUND_SUCCESS",
        "refund_amount": yuan(found["amount"]),
        "total_amount": yuan(trade["total"]),
        "gmt_refund_pay": shanghai(found["refunded_at"]),
    }


METHODS: dict[str, Method] = {
    "alipay.trade.precreate": precreate,
    "alipay.trade.query": query,
    "alipay.trade.close": close,
    "alipay.trade.cancel": cancel,
    "alipay.trade.refund": refund,
    "alipay.trade.fastpay.refund.query": refund_query,
}


def _find(db: Db, request: Request) -> Row | None:
    """By trade_no where both numbers are given, as the original prefers it."""
    trade_no = terms.text(request.biz, "trade_no", 64)
    out_trade_no = terms.text(request.biz, "out_trade_no", 64)
    if not trade_no and not out_trade_no:
        raise refused("INVALID_PARAMETER", "参数无效: out_trade_no和trade_no不能同时为空")
    return trades.find(db, trade_no=trade_no) if trade_no else trades.find(db, out_trade_no)


def _existing(db: Db, request: Request) -> Row:
    trade = _find(db, request)
    if trade is None or trade["status"] == "NOT_SCANNED":
        raise refused("TRADE_NOT_EXIST")
    return trade


def _identity(trade: Row) -> Answer:
    return {
        "trade_no": trade["trade_no"],
        "out_trade_no": trade["out_trade_no"],
        "buyer_logon_id": BUYER_LOGON_ID,
        "buyer_user_id": BUYER_ID,
    }
