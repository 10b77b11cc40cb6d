"""POST /unionpay/gateway/api/*.do: what a merchant's server and a payer's browser reach."""

from flask import Blueprint
from flask import request as http
from werkzeug import Response

from infra.sandbox import calls, faults
from infra.sandbox.ledger import Row
from infra.sandbox.unionpay import orders, terms, wire
from infra.sandbox.unionpay.answers import echo
from infra.sandbox.unionpay.context import UnionPay
from infra.sandbox.unionpay.errors import Refused, Unreadable
from infra.sandbox.unionpay.exchange import Exchange, error_page, perform, signed
from infra.sandbox.unionpay.wire import Fields

FRONT = "frontTransReq"
DOORS = f"<any({FRONT}, appTransReq, backTransReq, queryTrans):door>"


def add_routes(blueprint: Blueprint, unionpay: UnionPay) -> None:
    @blueprint.post(f"/unionpay/gateway/api/{DOORS}.do")
    def gateway(door: str) -> Response:
        fields: Fields = {}
        try:
            fields = wire.read_form(http.content_type or "", http.get_data())
            request = terms.read(door, fields, unionpay.parties, wire.now())
        except (Refused, Unreadable) as error:
            return refuse(unionpay, door, fields, error)
        return run(unionpay, request)

    @blueprint.get(f"/unionpay/gateway/api/{DOORS}.do")
    def wrong_method(door: str) -> Response:
        """The test system answers a GET so (the samples' list of known questions)."""
        del door
        return Response("<html><body><h1>HTTP Status 501</h1></body></html>", 501, content_type="text/html")


def run(unionpay: UnionPay, request: terms.Request) -> Response:
    order_id = _order_id(unionpay, request.fields)
    call_id = calls.record(unionpay.ledger, request.kind.name, order_id, request.clock_skew_seconds)
    with unionpay.ledger.transaction() as db:
        fault = faults.take(db, request.kind.name, order_id)
    response, outcome = perform(Exchange(unionpay, request), fault)
    calls.conclude(unionpay.ledger, call_id, outcome)
    unionpay.deliveries.wake()
    return response


def refuse(unionpay: UnionPay, door: str, fields: Fields, error: Refused | Unreadable) -> Response:
    """Answer a call that never got as far as its work."""
    call_id = calls.record(unionpay.ledger, door, fields.get("orderId", ""))
    calls.conclude(unionpay.ledger, call_id, str(error))
    if isinstance(error, Unreadable):
        return Response(error.text, error.status, content_type="text/html;charset=UTF-8")
    return error_page(error) if door == FRONT else signed(unionpay, echo(fields) | error.body())


def open_front(unionpay: UnionPay, fields: Fields) -> Row:
    """The payer's browser, without HTTP: the order behind a form."""
    request = terms.read(FRONT, fields, unionpay.parties, wire.now())
    with unionpay.ledger.transaction() as db:
        return orders.open_payment(db, request)


def _order_id(unionpay: UnionPay, fields: Fields) -> str:
    """The merchant's number of the order, looked up where only the rail's own was given."""
    if fields.get("orderId") or not fields.get("queryId"):
        return fields.get("orderId", "")
    with unionpay.ledger.transaction() as db:
        order = orders.find(db, query_id=fields["queryId"])
    return order["order_id"] if order else ""
