"""/wechat_pay/v3/…: what a merchant's server reaches. One call from its bytes to its signed answer."""

import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint
from flask import request as http
from werkzeug import Response

from infra.sandbox import calls, faults
from infra.sandbox.faults import Fault
from infra.sandbox.ledger import Db
from infra.sandbox.mishaps import Outcome
from infra.sandbox.wechat_pay import notify, operations, switches, terms, wire
from infra.sandbox.wechat_pay.context import WechatPay
from infra.sandbox.wechat_pay.errors import ApiError
from infra.sandbox.wechat_pay.merchant import BASE_PATH, Signer
from infra.sandbox.wechat_pay.mishaps import perform
from infra.sandbox.wechat_pay.operations import OPERATIONS, Call, Operation

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# Answers to these were seen to come without a signature (2026-09-11, and earlier for PARAM_ERROR).
NEVER_SIGNED = {"SIGN_ERROR", "PARAM_ERROR"}


@dataclass(frozen=True)
class Exchange:
    """One verified call: what came, what may go wrong with it, and how its answer is put into bytes."""

    rail: WechatPay
    operation: Operation
    call: Call
    order_no: str
    fault: Fault | None

    def body(self) -> terms.Json:
        return terms.read_body(self.call.body)

    def work(self, then: Callable[[Db], object] = lambda _db: None) -> Outcome:
        """Do it, and what the fault script does `then` in the same transaction."""
        try:
            with self.rail.ledger.transaction() as db:
                answer = self.operation.work(db, self.rail, self.call)
                then(db)
        except ApiError as error:
            return self.failure(error)
        self.rail.deliveries.wake()
        response = respond(204 if answer is None else 200, answer)
        self.sign(response)
        return response, str(response.status_code)

    def failure(self, error: ApiError) -> Outcome:
        response = respond(error.status, error.body())
        with self.rail.ledger.transaction() as db:
            is_signed = switches.read(db)["are_errors_signed"]
        if is_signed and error.code not in NEVER_SIGNED:
            self.sign(response)
        return response, error.code

    def sign(self, response: Response, kind: str = "") -> None:
        for name in [name for name in response.headers.keys() if name.startswith("Wechatpay-")]:  # noqa: SIM118
            del response.headers[name]
        headers = wire.signature_headers(self.rail.merchant, self._signer(), response.get_data(), kind)
        response.headers.update(headers)

    def _signer(self) -> Signer:
        """The public key's for who asks for it ("微信支付公钥"), else the platform certificate of the day."""
        merchant = self.rail.merchant
        if self.call.wechatpay_serial == merchant.public_key_signer.serial:
            return merchant.public_key_signer
        with self.rail.ledger.transaction() as db:
            return merchant.certificate(switches.read(db)["signing_certificate"])


def add_routes(blueprint: Blueprint, rail: WechatPay) -> None:
    @blueprint.route(f"{BASE_PATH}/v3/<path:rest>", methods=METHODS)
    def serve(rest: str) -> Response:
        """404 and 405 have no body at the original; everything else is checked by the operation."""
        fitting = [(known, match) for known in OPERATIONS if (match := re.fullmatch(known.path, f"/v3/{rest}"))]
        if not fitting:
            return Response(b"", 404)
        for operation, match in fitting:
            if operation.method == http.method:
                return run(rail, operation, match.groupdict())
        return Response(b"", 405)


def run(rail: WechatPay, operation: Operation, parts: dict[str, str]) -> Response:
    body = http.get_data()
    try:
        if operation.is_about_headers and not (http.headers.get("User-Agent") and http.headers.get("Accept")):
            raise ApiError(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent")  # noqa: TRY301
        authorization = http.headers.get("Authorization", "")
        sent = wire.verify(authorization, http.method, sent_url(), body, rail.merchant)
        with rail.ledger.transaction() as db:
            wire.spend_nonce(db, sent.nonce)
    except ApiError as error:
        calls.conclude(rail.ledger, calls.record(rail.ledger, operation.name_for(parts), ""), error.code)
        return respond(error.status, error.body())
    call = Call(parts, http.args.to_dict(), body, http.headers.get("Wechatpay-Serial", ""))
    return _run(rail, operation, call, sent.timestamp - time.time())


def _run(rail: WechatPay, operation: Operation, call: Call, clock_skew_seconds: float) -> Response:
    name = operation.name_for(call.parts)
    with rail.ledger.transaction() as db:
        notify.tick(db)
        order_no = operations.order_no(db, call)
        fault = faults.take(db, name, order_no)
    call_id = calls.record(rail.ledger, name, order_no, clock_skew_seconds)
    response, outcome = perform(Exchange(rail, operation, call, order_no, fault))
    calls.conclude(rail.ledger, call_id, outcome)
    return response


def sent_url() -> str:
    """Path and query exactly as they came, percent-encoding and all, without what is only this address's."""
    url: str = http.environ["REQUEST_URI"]
    return url.removeprefix(BASE_PATH)


def respond(status: int, body: dict[str, Any] | None) -> Response:
    raw = b""
    if body is not None:
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    response = Response(raw, status, content_type="application/json; charset=utf-8")
    response.headers["Request-ID"] = uuid.uuid4().hex.upper()
    return response
