"""Notifications (后台通知): an ordinary form, posted to backUrl, of what succeeded and of nothing else.

Accepted by status 200 (302 as well) within 10 s, else repeated, five sends in all, 0, 1, 2 and 4 minutes after one
another (the comments of the rail's own server samples, BackRcvResponse).
"""

from urllib.parse import urlencode

from infra.sandbox import callbacks
from infra.sandbox.callbacks import Plan
from infra.sandbox.deliveries import Answer, Manners
from infra.sandbox.ledger import Db, Row
from infra.sandbox.unionpay import faults
from infra.sandbox.unionpay.certificates import UNIONPAY, Parties
from infra.sandbox.unionpay.errors import message
from infra.sandbox.unionpay.facts import request_of, told
from infra.sandbox.unionpay.wire import Fields, sign

RETRY_SECONDS = (0, 60, 120, 240)
TIMEOUT_SECONDS = 10


def enqueue(db: Db, order: Row) -> None:
    """Queued under the payment's number, a void's and a refund's too, so that they can overtake one another."""
    back_url = request_of(order).get("backUrl")
    if back_url:
        sql = "SELECT order_id FROM orders WHERE query_id = ?"
        payment = db.execute(sql, (order["orig_query_id"],)).fetchone() or order
        callbacks.enqueue(db, payment["order_id"], back_url, fields(order))


def fields(order: Row) -> Fields:
    """What back and front notification say alike; `success` and an exchangeRate of 0 are as recorded."""
    code = order["resp_code"]
    result = {"respCode": code, "respMsg": "success" if code == "00" else message(code), "exchangeRate": "0"}
    origin = {"origQryId": order["orig_query_id"]} if order["orig_query_id"] else {}
    return told(order) | origin | result


def manners(parties: Parties) -> Manners:
    return Manners(
        sign=lambda params, plan: signed(parties, params, plan),
        is_acknowledgement=is_acknowledgement,
        retry_seconds=RETRY_SECONDS,
        timeout_seconds=TIMEOUT_SECONDS,
    )


def signed(parties: Parties, params: Fields, plan: Plan) -> tuple[bytes, dict[str, str]]:
    whole = {"encoding": "UTF-8", "version": "5.1.0", "merId": parties.mer_id} | params
    form = sign(whole | faults.changed_fields(plan), parties.signers[plan.get("signer", UNIONPAY)])
    if plan.get("kind") == "bad_signature":
        form["txnAmt"] = form.get("txnAmt", "") + "0"
    if plan.get("kind") == "unsigned":
        del form["signature"]
    headers = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
    return urlencode(form).encode(), headers


def is_acknowledgement(answer: Answer) -> bool:
    return answer["status"] in (200, 302)
