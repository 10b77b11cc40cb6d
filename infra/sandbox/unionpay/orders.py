"""What can happen to a transaction, each step in the ledger's transaction that the caller opened.

OPEN        announced: a query still says 34, as the test system says of what nobody has begun to pay
BEGUN       the payer is at it: queries say 05 (recorded: 6154037, settleAmt 0, no queryId)
PROCESSING  03, 04 or 05, until `finish`
DONE        00, or A6
FAILED      declined; before payTimeout the payer may try again, with another card
"""

import json
import secrets

from infra.sandbox.keys import digits
from infra.sandbox.ledger import Db, Row
from infra.sandbox.unionpay import notifications
from infra.sandbox.unionpay.errors import Refused
from infra.sandbox.unionpay.terms import PAYMENTS, Request
from infra.sandbox.unionpay.wire import beijing, now, settle_day

SUCCESSES = ("00", "A6")
PENDING = ("03", "04", "05")
IN_GATEWAY = ("certId", "signature")


def find(db: Db, order_id: str = "", code: str = "", tn: str = "", query_id: str = "") -> Row | None:
    sql = "SELECT * FROM orders WHERE order_id = ? OR code = ? OR tn = ? OR query_id = ?"
    found: Row | None = db.execute(sql, (order_id, code, tn, query_id)).fetchone()
    return found


def get(db: Db, order_id: str) -> Row:
    order = find(db, order_id)
    if order is None:
        raise Refused("34")
    return order


def open_payment(db: Db, request: Request) -> Row:
    """Announce a payment. Other data under its number is refused as a duplicate (12).

    The very same request again is the same order while it is unpaid: a payer who reloads the page must be able
    to. That a tn or a QR code is repeated likewise is a guess.
    """
    known = find(db, request.fields["orderId"])
    if known is None:
        return _insert(db, request, "OPEN", "")
    if known["request"] != _terms(request) or known["status"] == "DONE":
        raise Refused("12")
    return known


def take_back(db: Db, request: Request) -> Row:
    """Void or refund: accepted, and usually done in the same moment; the query tells.

    A void takes all of an untouched payment, on its settlement day; a refund any part of what is left.
    """
    if find(db, request.fields["orderId"]):
        raise Refused("12")
    payment = find(db, query_id=request.fields["origQryId"])
    if payment is None or payment["kind"] not in PAYMENTS or payment["status"] != "DONE" or _is_voided(db, payment):
        raise Refused("35")
    if request.kind.name == "void":
        _check_voidable(payment, request.amount)
    if payment["returned"] + request.amount > payment["txn_amt"]:
        raise Refused("36")
    db.execute(
        "UPDATE orders SET returned = returned + ? WHERE order_id = ?", (request.amount, payment["order_id"])
    )
    order = _insert(db, request, "PROCESSING", "05")
    order = _update(db, order, orig_query_id=payment["query_id"], **_trace())
    return finish(db, order, *_outcome(db, order))


def begin(db: Db, order: Row) -> Row:
    """The payer logs in or enters a card."""
    _require_payable(order)
    return order if order["status"] == "BEGUN" else _update(db, order, status="BEGUN", resp_code="05")


def pay(db: Db, order: Row, resp_code: str = "00") -> Row:
    """The payer pays: what becomes of it is scripted, or else `resp_code`."""
    _require_payable(order)
    code, settle_amt = _outcome(db, order, resp_code)
    return finish(db, _update(db, order, status="BEGUN", resp_code="05"), code, settle_amt)


def finish(db: Db, order: Row, resp_code: str = "00", settle_amt: int | None = None) -> Row:
    """Let a transaction that is under way end, or go on, with this respCode. Only success is notified."""
    if order["status"] not in ("BEGUN", "PROCESSING"):
        raise Refused("12")
    if resp_code in PENDING:
        return _update(db, order, status="PROCESSING", resp_code=resp_code)
    if resp_code not in SUCCESSES:
        _give_up(db, order)
        return _update(db, order, status="FAILED", resp_code=resp_code)
    settled = order["txn_amt"] if settle_amt is None else settle_amt
    order = _update(db, order, status="DONE", resp_code=resp_code, settle_amt=settled)
    if order["query_id"] is None:
        order = _update(db, order, **_trace())
    notifications.enqueue(db, order)
    return order


def is_expired(order: Row) -> bool:
    return bool(order["kind"] in PAYMENTS and order["status"] in ("OPEN", "BEGUN", "FAILED")) and (
        order["expires_at"] <= now()
    )


def script_outcome(db: Db, order_id: str, resp_code: str, settle_amt: int | None) -> None:
    db.execute(
        "INSERT INTO outcomes (order_id, resp_code, settle_amt) VALUES (?, ?, ?)", (order_id, resp_code, settle_amt)
    )


def age(db: Db, order: Row, seconds: float) -> Row:
    """Let it all have happened `seconds` earlier."""
    moments = ("created_at", "expires_at", "trace_at")
    changes = {name: order[name] - seconds for name in moments if order[name] is not None}
    return _update(db, order, **changes)


def returns_of(db: Db, payment: Row) -> list[Row]:
    sql = "SELECT * FROM orders WHERE orig_query_id = ? ORDER BY created_at"
    return db.execute(sql, (payment["query_id"],)).fetchall()


def _require_payable(order: Row) -> None:
    if order["kind"] not in PAYMENTS or order["status"] in ("DONE", "PROCESSING"):
        raise Refused("12")
    if is_expired(order):
        raise Refused("39")


def _check_voidable(payment: Row, amount: int) -> None:
    if payment["returned"] or settle_day(payment["trace_at"]) != settle_day(now()):
        raise Refused("35")
    if amount != payment["txn_amt"]:
        raise Refused("36")


def _is_voided(db: Db, payment: Row) -> bool:
    return any(row["kind"] == "void" and row["status"] != "FAILED" for row in returns_of(db, payment))


def _give_up(db: Db, order: Row) -> None:
    """What a failed void or refund had taken is there again."""
    if order["kind"] not in PAYMENTS:
        sql = "UPDATE orders SET returned = returned - ? WHERE query_id = ?"
        db.execute(sql, (order["txn_amt"], order["orig_query_id"]))


def _outcome(db: Db, order: Row, usual: str = "00") -> tuple[str, int | None]:
    sql = "SELECT * FROM outcomes WHERE order_id IN (?, '*') ORDER BY order_id = '*', id LIMIT 1"
    row = db.execute(sql, (order["order_id"],)).fetchone()
    if row is None:
        return usual, None
    db.execute("DELETE FROM outcomes WHERE id = ?", (row["id"],))
    return row["resp_code"], row["settle_amt"]


def _insert(db: Db, request: Request, status: str, resp_code: str) -> Row:
    fields = request.fields
    values = {
        "order_id": fields["orderId"],
        "txn_time": fields["txnTime"],
        "kind": request.kind.name,
        "txn_type": fields["txnType"],
        "txn_sub_type": fields["txnSubType"],
        "txn_amt": request.amount,
        "settle_amt": request.amount,
        "request": _terms(request),
        "code": secrets.token_hex(16),
        "tn": digits(21),
        "created_at": now(),
        "expires_at": request.expires_at,
        "status": status,
        "resp_code": resp_code,
    }
    marks = ", ".join(f":{name}" for name in values)
    db.execute(f"INSERT INTO orders ({', '.join(values)}) VALUES ({marks})", values)  # noqa: S608
    return get(db, fields["orderId"])


def _update(db: Db, order: Row, **changes: object) -> Row:
    columns = ", ".join(f"{name} = :{name}" for name in changes)
    values = {**changes, "order_id": order["order_id"]}
    db.execute(f"UPDATE orders SET {columns} WHERE order_id = :order_id", values)  # noqa: S608
    return get(db, order["order_id"])


def _trace() -> dict[str, object]:
    """queryId is 21 digits in the recordings, traceNo six."""
    at = now()
    return {
        "query_id": f"{digits(2)}{beijing(at):%y%m%d%H%M%S}{digits(7)}",
        "trace_no": digits(6),
        "trace_at": at,
    }


def _terms(request: Request) -> str:
    return json.dumps({name: request.fields[name] for name in sorted(request.fields) if name not in IN_GATEWAY})
