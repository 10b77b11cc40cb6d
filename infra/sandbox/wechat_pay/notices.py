"""Callbacks: what is in them, and what the interfaces answer about the same order or refund.

"支付成功回调通知", "退款结果回调通知", "商户订单号查询订单", "查询单笔退款".
"""

import time
import uuid
from typing import Any

from infra.sandbox import callbacks
from infra.sandbox.ledger import Db, Row
from infra.sandbox.wechat_pay.clock import shanghai

OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
STATES = {
    "SUCCESS": "支付成功",
    "REFUND": "订单发生过退款,退款详情请查询退款单",
    "NOTPAY": "订单未支付",
    "CLOSED": "订单已关闭",
    "REVOKED": "订单已撤销",
    "USERPAYING": "用户支付中",
    "PAYERROR": "支付失败",
}
REFUND_SUMMARIES = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}


def transaction(db: Db, order: Row) -> None:
    fields = transaction_fields(order)
    _enqueue(db, order, order["notify_url"], "TRANSACTION.SUCCESS", "支付成功", "transaction", fields)


def refund(db: Db, order: Row, of: Row) -> None:
    """Told to the address that the refund's own request gave, if it gave one."""
    if not of["notify_url"]:
        return
    fields = refund_fields(order, of)
    sent = {name: fields[name] for name in ("out_trade_no", "transaction_id", "out_refund_no", "refund_id")}
    sent |= {"refund_status": of["status"], "user_received_account": fields["user_received_account"]}
    amounts = {name: fields["amount"][name] for name in ("total", "refund", "payer_total", "payer_refund")}
    sent |= {"amount": amounts} | ({"success_time": fields["success_time"]} if "success_time" in fields else {})
    summary = REFUND_SUMMARIES[of["status"]]
    _enqueue(db, order, of["notify_url"], f"REFUND.{of['status']}", summary, "refund", sent)


def _enqueue(
    db: Db, order: Row, url: str, event_type: str, summary: str, original_type: str, fields: dict[str, Any]
) -> None:
    params = {
        "id": str(uuid.uuid4()),
        "create_time": shanghai(time.time()),
        "event_type": event_type,
        "summary": summary,
        "original_type": original_type,
        "nonce": uuid.uuid4().hex[:12],
        "fields": fields,
    }
    callbacks.enqueue(db, order["out_trade_no"], url, params)


def transaction_fields(order: Row) -> dict[str, Any]:
    """An order as a query answers it; appid and mchid are added when it is sent."""
    fields = {
        "out_trade_no": order["out_trade_no"],
        "trade_type": order["trade_type"],
        "trade_state": order["trade_state"],
        "trade_state_desc": STATES[order["trade_state"]],
        "attach": order["attach"],
        "amount": {"total": order["total"], "currency": "CNY"},
    }
    if order["paid_at"]:
        fields |= {
            "transaction_id": order["transaction_id"],
            "bank_type": "OTHERS",
            "success_time": shanghai(order["paid_at"]),
            "payer": {"openid": order["openid"] or OPENID},
        }
        fields["amount"] |= {"payer_total": order["payer_total"], "payer_currency": "CNY"}
    return fields


def refund_fields(order: Row, of: Row) -> dict[str, Any]:
    payer_refund = of["amount"] * order["payer_total"] // order["total"]
    fields = {
        "refund_id": of["refund_id"],
        "out_refund_no": of["out_refund_no"],
        "transaction_id": order["transaction_id"],
        "out_trade_no": order["out_trade_no"],
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": shanghai(of["created_at"]),
        "status": of["status"],
        "funds_account": "AVAILABLE",
        "amount": {
            "total": order["total"],
            "refund": of["amount"],
            "payer_total": order["payer_total"],
            "payer_refund": payer_refund,
            "settlement_total": order["payer_total"],
            "settlement_refund": payer_refund,
            "discount_refund": of["amount"] - payer_refund,
            "currency": "CNY",
        },
    }
    return fields | ({"success_time": shanghai(of["succeeded_at"])} if of["succeeded_at"] else {})
