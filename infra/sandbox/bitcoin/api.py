"""POST /bitcoin and /bitcoin/wallet/<name>: from a request's bytes to its answer, with the fault that is due."""

from typing import Any

from flask import Blueprint
from flask import request as http
from werkzeug import Response

from infra.sandbox import calls, doors, faults, mishaps
from infra.sandbox.bitcoin import twists
from infra.sandbox.bitcoin.account import PATH, Account
from infra.sandbox.bitcoin.rpc.errors import RpcError
from infra.sandbox.bitcoin.rpc.server import Api, Request, is_allowed, read, respond, unauthorized
from infra.sandbox.faults import Fault, Kinds
from infra.sandbox.mishaps import Outcome

Json = dict[str, Any]
CONTROL = f"{PATH}/_sandbox"


def add_routes(blueprint: Blueprint, api: Api, account: Account) -> None:
    """Faults and calls are named by the method; `of` is the first parameter, such as a block's hash."""
    doors.add_calls(blueprint, CONTROL, "of", api.node.ledger)
    doors.add_faults(blueprint, CONTROL, "of", api.node.ledger, Kinds(twists.ALL, ()))

    @blueprint.route(PATH, methods=["GET", "POST"], strict_slashes=False)
    @blueprint.route(f"{PATH}/wallet/<name>", methods=["GET", "POST"])
    def serve(name: str | None = None) -> Response:
        if http.method != "POST":
            return Response("JSONRPC server handles only POST requests", 405, content_type="text/html")
        if not is_allowed(http.headers.get("Authorization", ""), account.user, account.password):
            return unauthorized()
        try:
            asked = read(http.get_data())
        except RpcError as error:
            nobody = Request(None, None, None, has_id=True, is_version_2=False)
            return respond(nobody.answer(error=error), 500)
        return _serve(api, name, asked)


def _serve(api: Api, wallet: str | None, asked: list[Request] | Request) -> Response:
    requests = asked if isinstance(asked, list) else [asked]
    fault = _fault(api, requests)
    recorded = [calls.record(api.node.ledger, str(each.method), _first(each)) for each in requests]

    def work() -> Outcome:
        answers = [(each, *_answer(api, wallet, each, fault)) for each in requests]
        told = [answer for each, answer, _ in answers if not each.is_notification]
        if isinstance(asked, list):
            return (respond(told) if told or not requests else Response(b"", 204)), ""
        return (respond(told[0], answers[0][2]) if told else Response(b"", 204)), ""

    plain = fault if fault and fault.kind in {*mishaps.KINDS, *twists.OWN} else None
    response, outcome = mishaps.perform(plain, work, twists.OWN)
    for each in recorded:
        calls.conclude(api.node.ledger, each, outcome or f"HTTP {response.status_code}")
    return response


def _answer(api: Api, wallet: str | None, asked: Request, fault: Fault | None) -> tuple[Json, int]:
    kind, options = (fault.kind, fault.options) if fault else ("", {})
    if kind in twists.ERRORS:
        code, words = twists.ERRORS[kind]
        error = RpcError(int(options.get("code", code)), str(options.get("message", words)))
        return asked.answer(error=error), 200 if asked.is_version_2 else 500
    answer, status = api.run(twists.view(api.node, kind, options), wallet, asked)
    if kind in twists.CHANGES and answer.get("result") is not None:
        answer["result"] = twists.CHANGES[kind](str(asked.method), answer["result"], options)
    return answer, status


def _fault(api: Api, requests: list[Request]) -> Fault | None:
    """The first that is due for any of them; it concerns them all."""
    with api.node.ledger.transaction() as db:
        for each in requests:
            fault = faults.take(db, str(each.method), _first(each))
            if fault:
                return fault
    return None


def _first(asked: Request) -> str:
    if isinstance(asked.params, list) and asked.params:
        return str(asked.params[0])
    return str(next(iter(asked.params.values()), "")) if isinstance(asked.params, dict) else ""
