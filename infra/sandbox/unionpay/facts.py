"""What the rail tells of a transaction, in notifications and in answers to queries alike."""

import json
from typing import Any

from infra.sandbox.ledger import Row
from infra.sandbox.unionpay.wire import Fields, beijing, settle_day

# The notification says which card paid with most digits hidden; merchants must not need it.
ACC_NO = "6216***********0018"


def request_of(order: Row) -> Fields:
    sent: dict[str, Any] = json.loads(order["request"])
    return sent


def told(order: Row) -> Fields:
    sent = request_of(order)
    fields = {
        name: sent[name] for name in ("accessType", "bizType", "encoding", "merId", "reqReserved") if sent.get(name)
    }
    fields |= {
        "orderId": order["order_id"],
        "txnTime": order["txn_time"],
        "txnType": order["txn_type"],
        "txnSubType": order["txn_sub_type"],
        "txnAmt": str(order["txn_amt"]),
        "version": "5.1.0",
    }
    if order["query_id"]:
        fields |= _traces(order)
    return fields


def _traces(order: Row) -> Fields:
    return {
        "currencyCode": "156",
        "queryId": order["query_id"],
        "traceNo": order["trace_no"],
        "traceTime": f"{beijing(order['trace_at']):%m%d%H%M%S}",
        "settleAmt": str(order["settle_amt"]),
        "settleCurrencyCode": "156",
        "settleDate": f"{settle_day(order['trace_at']):%m%d}",
        "accNo": ACC_NO,
        "payCardType": "01",
    }
