"""Taking signed transactions in (BroadcastServlet, BroadcastHexServlet)."""

import json
from collections.abc import Callable

from infra.sandbox.tron import messages, transactions
from infra.sandbox.tron.asked import Asked
from infra.sandbox.tron.errors import NodeError, Refused
from infra.sandbox.tron.keys import NoAddress
from infra.sandbox.tron.messages import Json
from infra.sandbox.tron.protobuf import Malformed
from infra.sandbox.tron.transactions import Transaction


def broadcast_transaction(asked: Asked) -> Json:
    transaction = read(asked.args, visible=asked.visible)
    refused = _accept(asked, transaction)
    if refused is None:
        return {"result": True, "txid": transaction.id}
    message = refused.message if asked.visible else refused.message.encode().hex()
    return {"code": refused.code, "message": message, "txid": transaction.id}


def broadcast_hex(asked: Asked) -> Json:
    try:
        transaction = Transaction.parse(messages.unhex(str(asked.args.get("transaction") or "")))
    except Malformed as error:
        raise NodeError(str(error), "com.google.protobuf.InvalidProtocolBufferException") from None
    refused = _accept(asked, transaction)
    shown = messages.to_json(messages.TRANSACTION, transaction.message, visible=True)
    return {
        "result": refused is None,
        "code": refused.code if refused else "SUCCESS",
        "message": refused.message if refused else "",
        "transaction": json.dumps(shown),
        "txid": transaction.id,
    }


def read(args: Json, *, visible: bool) -> Transaction:
    try:
        return transactions.from_json(args, visible=visible)
    except (Malformed, NoAddress, TypeError, ValueError, AttributeError) as error:
        raise NodeError(str(error), "java.lang.NullPointerException") from None


def _accept(asked: Asked, transaction: Transaction) -> Refused | None:
    try:
        asked.node.mempool.accept(asked.view.db, transaction)
    except Refused as refused:
        return refused
    return None


HEAD_ONLY: dict[str, Callable[[Asked], Json]] = {
    "broadcasttransaction": broadcast_transaction,
    "broadcasthex": broadcast_hex,
}
