"""POST and GET /tron/wallet/<method> and /tron/walletsolidity/<method>.

As at java-tron, whatever goes wrong in a call is told with HTTP 200 and {"Error": "class … : …"}.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint
from flask import request as http
from werkzeug import Response

from infra.sandbox import calls, faults
from infra.sandbox.mishaps import Outcome
from infra.sandbox.tron import accounts, broadcasting, context, reading, settings, triggering
from infra.sandbox.tron.asked import Asked
from infra.sandbox.tron.context import Node
from infra.sandbox.tron.errors import NodeError
from infra.sandbox.tron.messages import Json
from infra.sandbox.tron.mishaps import perform

Method = Callable[[Asked], Any]
HEAD: dict[str, Method] = {}
HEAD |= {**reading.BOTH, **reading.HEAD_ONLY, **accounts.BOTH, **accounts.HEAD_ONLY}
HEAD |= {**triggering.BOTH, **triggering.HEAD_ONLY, **broadcasting.HEAD_ONLY}
SOLID: dict[str, Method] = {**reading.BOTH, **accounts.BOTH, **triggering.BOTH}
POST_ONLY = {*triggering.BOTH, *triggering.HEAD_ONLY, *broadcasting.HEAD_ONLY, "getsignweight"}
KEPT_CALLS = 20_000
KEY_HEADER = "TRON-PRO-API-KEY"


@dataclass(frozen=True)
class Exchange:
    """One call: what it is to do, and what may go wrong with it."""

    node: Node
    method: Method
    args: Json
    is_solid: bool
    fault: faults.Fault | None

    def work(self, *, behind: int = 0, twist: int = 0) -> Outcome:
        with self.node.ledger.transaction() as db:
            self.node.chain.advance(db)
            view = context.view(self.node, db, is_solid=self.is_solid, behind=behind, twist=twist)
            try:
                answer, status = self.method(Asked(self.node, view, self.args, http.method == "GET")), 200
            except NodeError as error:
                answer, status = error.body, error.status
        return reply(answer, status), str(answer.get("code", "")) if isinstance(answer, dict) else ""


def add_routes(blueprint: Blueprint, node: Node) -> None:
    @blueprint.route("/tron/wallet/<name>", methods=["GET", "POST"])
    def wallet(name: str) -> Response:
        return call(node, f"wallet/{name}", HEAD.get(name), is_solid=False)

    @blueprint.route("/tron/walletsolidity/<name>", methods=["GET", "POST"])
    def wallet_solidity(name: str) -> Response:
        return call(node, f"walletsolidity/{name}", SOLID.get(name), is_solid=True)


def call(node: Node, name: str, method: Method | None, *, is_solid: bool) -> Response:
    """`name` is what the fault script and the list of calls know it by."""
    if method is None:
        return Response("<h1>404 Not Found</h1>", 404, content_type="text/html")
    if http.method == "GET" and name.partition("/")[2] in POST_ONLY:
        return reply("")
    try:
        args = arguments()
    except ValueError as error:
        return reply({"Error": f"class com.alibaba.fastjson.JSONException : {error}"})
    return run(node, name, method, args, is_solid=is_solid)


def run(node: Node, name: str, method: Method, args: Json, *, is_solid: bool) -> Response:
    subject = str(next((args[key] for key in ("num", "value", "id_or_num", "address") if args.get(key)), ""))
    call_id = calls.record(node.ledger, name, subject)
    with node.ledger.transaction() as db:
        fault = faults.take(db, name, subject)
        refusal = _refusal(settings.text(db, "api_key"))
        db.execute("DELETE FROM calls WHERE id <= ?", (call_id - KEPT_CALLS,))
    if refusal is not None:
        return refusal
    response, outcome = perform(Exchange(node, method, args, is_solid, fault))
    if outcome:
        calls.conclude(node.ledger, call_id, outcome)
    return response


def arguments() -> Json:
    if http.method == "GET":
        return dict(http.args.items())
    if http.mimetype == "application/x-www-form-urlencoded" and http.form:
        return dict(http.form.items())
    body = http.get_data()
    found = json.loads(body, parse_float=str) if body.strip() else {}
    if not isinstance(found, dict):
        raise ValueError("syntax error, expect {")  # noqa: TRY004  it stands for the parser's own word
    return found


def reply(answer: Any, status: int = 200) -> Response:
    text = answer if isinstance(answer, str) else json.dumps(answer, separators=(",", ":")) + "\n"
    return Response(text, status, content_type="application/json; charset=utf-8")


def _refusal(key: str) -> Response | None:
    """What TronGrid answers who calls without its key, or with another, once a key is asked for."""
    given = http.headers.get(KEY_HEADER, "")
    if not key or given == key:
        return None
    if given:
        return reply({"Success": False, "Error": "ApiKey not exists", "StatusCode": 401}, 401)
    error = "request rate exceeded the allowed_rps(3), and the query server is suspended for 5 s"
    return reply({"Success": False, "Error": error, "StatusCode": 429}, 429)
