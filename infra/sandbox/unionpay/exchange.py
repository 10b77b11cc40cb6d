"""One call that was accepted: its work, and its answer, well or with the fault that the script holds for it."""

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from flask import make_response, redirect, render_template
from werkzeug import Response

from infra.sandbox import mishaps
from infra.sandbox.faults import Fault
from infra.sandbox.mishaps import Options, Outcome, Work
from infra.sandbox.unionpay import answers, orders, wire
from infra.sandbox.unionpay.certificates import UNIONPAY
from infra.sandbox.unionpay.context import UnionPay
from infra.sandbox.unionpay.errors import Refused
from infra.sandbox.unionpay.faults import ANSWER_KINDS, changed_fields
from infra.sandbox.unionpay.terms import PAYMENTS, Request
from infra.sandbox.unionpay.wire import Fields

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENT_TYPE = "text/html;charset=UTF-8"


@dataclass(frozen=True)
class Exchange:
    unionpay: UnionPay
    request: Request

    @property
    def is_front(self) -> bool:
        return self.request.kind.name == "front"

    def work(self) -> Outcome:
        if self.is_front:
            return self._show_cashier()
        fields = self.answer()
        return signed(self.unionpay, fields), fields["respCode"]

    def answer(self) -> Fields:
        """Do it, and say what came of it."""
        try:
            with self.unionpay.ledger.transaction() as db:
                method = answers.METHODS[self.request.kind.name]
                answer = method(db, self.request, self.unionpay.public_url)
        except Refused as error:
            answer = error.body()
        self.unionpay.deliveries.wake()
        return answers.echo(self.request.fields) | answer

    def refusal(self, code: str) -> Outcome:
        error = Refused(code)
        if self.is_front:
            return error_page(error), code
        return signed(self.unionpay, answers.echo(self.request.fields) | error.body()), code

    def _show_cashier(self) -> Outcome:
        try:
            with self.unionpay.ledger.transaction() as db:
                order = orders.open_payment(db, self.request)
        except Refused as error:
            return error_page(error), error.code
        return redirect(f"{self.unionpay.public_url}/unionpay/cashier/{order['code']}", 303), "00"


def perform(exchange: Exchange, fault: Fault | None) -> Outcome:
    """The response, and the respCode under which the call is listed."""
    own: dict[str, Callable[[Exchange, Work, Options], Outcome]] = {
        "refuse": _refuse,
        "callback_first": _callback_first,
        **{kind: partial(_changed, kind) for kind in ANSWER_KINDS},
    }
    return mishaps.perform(fault, exchange.work, {kind: partial(mishap, exchange) for kind, mishap in own.items()})


def signed(unionpay: UnionPay, fields: Fields, signer: str = UNIONPAY) -> Response:
    return Response(wire.written(wire.sign(fields, unionpay.parties.signers[signer])), content_type=CONTENT_TYPE)


def error_page(error: Refused) -> Response:
    return make_response(render_template("unionpay/error.html", error=error.body()))


def _refuse(exchange: Exchange, work: Work, options: Options) -> Outcome:
    if options.get("work"):
        work()
    return exchange.refusal(str(options.get("respCode", "02")))


def _changed(kind: str, exchange: Exchange, work: Work, options: Options) -> Outcome:
    if exchange.is_front:
        return work()
    answer = exchange.answer() | changed_fields({"kind": kind, **options})
    parties = exchange.unionpay.parties
    fields = wire.sign(answer, parties.signers[options.get("signer", UNIONPAY)])
    if kind == "bad_signature":
        fields["respMsg"] += " "
    if kind == "unsigned":
        del fields["signature"]
    return Response(wire.written(fields), content_type=CONTENT_TYPE), answer["respCode"]


def _callback_first(exchange: Exchange, work: Work, options: Options) -> Outcome:
    outcome = work()
    order_id = exchange.request.fields.get("orderId", "")
    if exchange.request.kind.name in PAYMENTS and options.get("pay", True):
        with contextlib.suppress(Refused), exchange.unionpay.ledger.transaction() as db:
            orders.pay(db, orders.get(db, order_id))
    exchange.unionpay.deliveries.deliver_now(order_id)
    return outcome
