"""Asynchronous notifications (异步通知): what is in them."""

import json
import secrets
import time
from datetime import datetime

from infra.sandbox import callbacks
from infra.sandbox.alipay.terms import yuan
from infra.sandbox.alipay.wire import SHANGHAI, shanghai
from infra.sandbox.ledger import Db, Row

BUYER_ID = "2088102534368455"
BUYER_LOGON_ID = "xud***@126.com"


def enqueue(db: Db, trade: Row, refund: Row | None = None) -> None:
    """Queue the notification of what just happened, if the merchant asked for notifications."""
    if trade["notify_url"]:
        callbacks.enqueue(db, trade["out_trade_no"], trade["notify_url"], fields(trade, refund, time.time()))


def fields(trade: Row, refund: Row | None, now: float) -> dict[str, str]:
    """All parameters but those of the merchant and the signature, which are added when it is sent."""
    total = yuan(trade["total"])
    paid = total if trade["paid_at"] else "0.00"
    values = {
        "notify_time": shanghai(now),
        "notify_type": "trade_status_sync",
        "notify_id": shanghai(now)[:10].replace("-", "") + "00222" + secrets.token_hex(12),
        "charset": trade["charset"],
        "version": "1.0",
        "sign_type": "RSA2",
        "trade_no": trade["trade_no"],
        "out_trade_no": trade["out_trade_no"],
        "buyer_id": BUYER_ID,
        "buyer_logon_id": BUYER_LOGON_ID,
        "trade_status": trade["status"],
        "total_amount": total,
        "receipt_amount": paid,
        "invoice_amount": paid,
        "buyer_pay_amount": paid,
        "point_amount": "0.00",
        "subject": trade["subject"],
        "body": trade["body"],
        "passback_params": trade["passback"],
        "gmt_create": shanghai(trade["created_at"]),
        # Alipay adds parameters without notice; a receiver signs over whatever came.
        "buyer_remark": "沙箱 100% + 附加=参数&更多",
    }
    if trade["paid_at"]:
        values["gmt_payment"] = shanghai(trade["paid_at"])
        values["fund_bill_list"] = json.dumps(
            [{"amount": total, "fundChannel": "ALIPAYACCOUNT"}], separators=(",", ":")
        )
    if trade["closed_at"]:
        values["gmt_close"] = shanghai(trade["closed_at"])
    if refund:
        values["out_biz_no"] = refund["out_request_no"]
        values["refund_fee"] = yuan(trade["refunded"])
        values["gmt_refund"] = _milliseconds(refund["refunded_at"])
    return {name: value for name, value in values.items() if value}


def _milliseconds(at: float) -> str:
    moment = datetime.fromtimestamp(at, SHANGHAI)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
