"""/card/v1/…: what a merchant's server reaches with its secret key, and a payer's browser with the publishable.

Authentication, versions, errors, request ids: docs.stripe.com/api. What the payer's browser does is not listed
among the calls.
"""

import base64
import json
import re
from dataclasses import dataclass
from functools import partial

from flask import Blueprint
from flask import request as http
from werkzeug import Response

from infra.sandbox import calls, faults
from infra.sandbox.card import form, idempotency, intents, lists, mishaps, objects
from infra.sandbox.card.books import Json, dumps, order_of
from infra.sandbox.card.context import Processor, Work
from infra.sandbox.card.endpoints import Call
from infra.sandbox.card.errors import ParameterError, StripeError, invalid, no_such_address, refused, unauthorized
from infra.sandbox.card.expand import expand
from infra.sandbox.card.idempotency import Answer, KeysInUse
from infra.sandbox.card.merchant import API_VERSION, token
from infra.sandbox.card.operations import OPERATIONS, Operation
from infra.sandbox.card.params import check
from infra.sandbox.ledger import Db

VERSION = re.compile(r"20\d\d-\d\d-\d\d(\.[a-z]+)?")
OLDEST_VERSION = "2025-03-31"  # before, giving up an authorisation was a refund
CARD_DECLINED = 402
HELP = "See https://stripe.com/docs/api#authentication for details."


@dataclass(frozen=True)
class Request:
    id: str
    path: str
    operation: Operation
    object_id: str
    params: Json
    is_browser: bool
    version: str
    key: str | None

    @property
    def endpoint(self) -> str:
        return f"/v1/{self.path}"


def add_routes(blueprint: Blueprint, processor: Processor) -> None:
    keys = KeysInUse()

    @blueprint.route("/card/v1/<path:path>", methods=["GET", "POST", "DELETE"])
    def api(path: str) -> Response:
        request_id = f"req_{token(14)}"
        try:
            request = _read(processor, path, request_id)
        except StripeError as error:
            return _response(Answer(error.status, dumps(error.body(request_id))), request_id, API_VERSION, None)
        return answer(processor, keys, request)


def answer(processor: Processor, keys: KeysInUse, request: Request) -> Response:
    work = partial(_work, processor, keys, request)
    if request.is_browser:
        return work()[0]
    with processor.ledger.transaction() as db:
        order_no = _order(db, request)
        fault = faults.take(db, request.operation.name, order_no)
    call_id = calls.record(processor.ledger, request.operation.name, order_no)
    response, outcome = mishaps.perform(mishaps.Exchange(processor, request, order_no, fault, work))
    calls.conclude(processor.ledger, call_id, outcome)
    return response


def _work(
    processor: Processor, keys: KeysInUse, request: Request, refund_status: str | None = None, pause: float = 0
) -> mishaps.Outcome:
    try:
        with keys.taken(request.key):
            mishaps.wait(pause)
            with processor.ledger.transaction() as db:
                found = _answer(processor, db, request, refund_status)
    except StripeError as error:
        found = Answer(error.status, dumps(error.body(request.id)))
    processor.deliveries.wake()
    return response_to(request, found), _outcome(found)


def _answer(processor: Processor, db: Db, request: Request, refund_status: str | None) -> Answer:
    first = idempotency.recall(db, request.key, request.endpoint, request.params)
    if first:
        return first
    call = Call(
        Work(db, processor.public_url, request.id, request.key, processor.time_scale, refund_status),
        request.object_id,
        check(request.operation.spec, request.params, request.operation.required),
    )
    db.execute("SAVEPOINT attempt")
    try:
        found = Answer(200, dumps(_done(request, call)))
    except ParameterError:
        raise
    except StripeError as error:
        if error.status != CARD_DECLINED:  # an attempt that a bank refused is in the books
            db.execute("ROLLBACK TO attempt")
        found = Answer(error.status, dumps(error.body(request.id)))
    idempotency.keep(db, request.key, request.endpoint, request.params, request.id, found)
    return found


def _done(request: Request, call: Call) -> Json:
    _check_client_secret(request, call)
    shown = request.operation.run(call)
    if request.is_browser:
        return objects.for_browsers(shown)
    return expand(call.work.db, shown, call.params.get("expand", []))


def _check_client_secret(request: Request, call: Call) -> None:
    given = call.params.get("client_secret")
    if request.is_browser and given is None:
        raise refused("secret_key_required", "A client_secret is needed with a publishable key.")
    if given is not None and intents.named(call.work.db, call.object_id)["client_secret"] != given:
        raise refused(
            "payment_intent_invalid_parameter",
            "The client_secret provided does not match the client_secret associated with the PaymentIntent.",
            param="client_secret",
        )


def _read(processor: Processor, path: str, request_id: str) -> Request:
    raw = http.query_string if http.method != "POST" else http.get_data()
    if http.method == "POST" and raw and http.mimetype != "application/x-www-form-urlencoded":
        raise invalid("", "Invalid request: the content type must be application/x-www-form-urlencoded.")
    params = form.parse(raw.decode("latin-1"))
    is_browser = _authenticate(processor, params)
    for operation in OPERATIONS:
        object_id = operation.match(http.method, path)
        if object_id is not None:
            break
    else:
        raise no_such_address(http.method, f"/v1/{path}")
    if is_browser and not operation.is_for_browsers:
        raise unauthorized(
            "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a"
            " list of your API keys at https://dashboard.stripe.com/account/apikeys.",
            "secret_key_required",
        )
    return Request(request_id, path, operation, object_id, params, is_browser, _version(), _key())


def _authenticate(processor: Processor, params: Json) -> bool:
    """Whether it is the publishable key, which browsers may also give as the parameter `key`."""
    kind, _, value = http.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        value = _basic_user(value)
    elif kind.lower() != "bearer":
        value = str(params.pop("key", ""))
    if not value:
        raise unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using"
            f" Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). {HELP}"
        )
    if value == processor.merchant.secret_key:
        return False
    if value == processor.merchant.publishable_key:
        return True
    raise unauthorized(f"Invalid API Key provided: {value[:8]}{'*' * 8}{value[-4:]}")


def _basic_user(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


def _version() -> str:
    version = http.headers.get("Stripe-Version", API_VERSION)
    if not VERSION.fullmatch(version):
        raise refused(None, f"Invalid Stripe API version: {version}")
    if version < OLDEST_VERSION:
        raise refused(None, f"The sandbox does not simulate versions before {OLDEST_VERSION}.")
    return version


def _key() -> str | None:
    key = http.headers.get("Idempotency-Key")
    if key and len(key) > idempotency.MAX_KEY_LENGTH:
        raise refused(None, "Idempotency-Key is too long: it may have 255 characters.")
    return key if http.method == "POST" else None


def _order(db: Db, request: Request) -> str:
    """The merchant's number of the order that the call is about, as far as the call tells."""
    described = request.params.get("metadata")
    if request.operation.name == "payment_intents.create" and isinstance(described, dict):
        return str(described.get("reference", ""))
    if request.operation.name == "payment_intents.search":
        return lists.reference_in(str(request.params.get("query", "")))
    named = (request.object_id, *(request.params.get(name) for name in ("payment_intent", "charge", "source")))
    return next((order_of(db, name) for name in named if isinstance(name, str) and name), "")


def response_to(request: Request, found: Answer) -> Response:
    return _response(found, request.id, request.version, request.key)


def _response(found: Answer, request_id: str, version: str, key: str | None) -> Response:
    response = Response(json.dumps(json.loads(found.body), indent=2), found.status, content_type="application/json")
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = version
    if key:
        response.headers["Idempotency-Key"] = key
        response.headers["Original-Request"] = found.original_request_id or request_id
    if found.original_request_id:
        response.headers["Idempotent-Replayed"] = "true"
    if found.status == 401:  # noqa: PLR2004
        response.headers["WWW-Authenticate"] = 'Bearer realm="Stripe"'
    return response


def _outcome(found: Answer) -> str:
    body = json.loads(found.body)
    error = body.get("error")
    what = error.get("code") or error["type"] if error else body.get("status") or body["object"]
    return f"{found.status} {what}{' (again)' if found.original_request_id else ''}"
