"""The gateway's answers to each kind of call, before they are signed."""

from collections.abc import Callable

from infra.sandbox.ledger import Db, Row
from infra.sandbox.unionpay import orders
from infra.sandbox.unionpay.errors import Refused, message
from infra.sandbox.unionpay.facts import told
from infra.sandbox.unionpay.terms import Request
from infra.sandbox.unionpay.wire import Fields

ECHOED = (
    *("accessType", "bizType", "encoding", "merId", "orderId", "origQryId", "reqReserved"),
    *("txnAmt", "txnSubType", "txnTime", "txnType", "version"),
)
GOOD = {"respCode": "00", "respMsg": message("00")}
Method = Callable[[Db, Request, str], Fields]


def echo(fields: Fields) -> Fields:
    """What any answer repeats of its call."""
    return {name: fields[name] for name in ECHOED if fields.get(name)}


def app(db: Db, request: Request, _public_url: str) -> Fields:
    return GOOD | {"tn": orders.open_payment(db, request)["tn"]}


def qr(db: Db, request: Request, public_url: str) -> Fields:
    order = orders.open_payment(db, request)
    return GOOD | {"qrCode": f"{public_url}/unionpay/qr/{order['code']}"}


def take_back(db: Db, request: Request, _public_url: str) -> Fields:
    """00 says that it was accepted, whatever becomes of it."""
    return GOOD | {"queryId": orders.take_back(db, request)["query_id"]}


def query(db: Db, request: Request, _public_url: str) -> Fields:
    """respCode is the query's own, origRespCode the transaction's. 34: not known, or nobody has begun to pay.

    Once payTimeout has passed over an order that nobody paid, origRespCode is 39 here; that is a guess.
    """
    order = _asked(db, request)
    if order is None:
        raise Refused("34")
    is_over = orders.is_expired(order)
    if order["status"] == "OPEN" and not is_over:
        raise Refused("34")
    code = "39" if is_over and order["status"] != "FAILED" else order["resp_code"]
    return {
        "settleAmt": "0",
        "issuerIdentifyMode": "0",
        **told(order),
        **GOOD,
        "bizType": request.fields["bizType"],  # the query's own, as recorded
        "origRespCode": code,
        "origRespMsg": message(code),
    }


METHODS: dict[str, Method] = {"app": app, "qr": qr, "void": take_back, "refund": take_back, "query": query}


def _asked(db: Db, request: Request) -> Row | None:
    """By queryId, or by orderId and txnTime, which must be those of one order."""
    if request.fields.get("queryId"):
        return orders.find(db, query_id=request.fields["queryId"])
    order = orders.find(db, request.fields["orderId"])
    return order if order is not None and order["txn_time"] == request.fields["txnTime"] else None
