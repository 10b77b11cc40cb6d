"""docs/openapi.yaml says what the functions do: routes, scopes, names, limits, enums, codes, examples."""

import importlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from paygate.domain.assets import CURRENCIES, priced_in
from paygate.domain.ids import encode
from paygate.domain.money import parse_money
from paygate.domain.payment import Payment
from paygate.domain.states import PaymentException, PaymentState, RefundState
from paygate.http import bodies, queries, signing, statements
from paygate.http.bodies import method_names
from paygate.http.problems import KINDS
from paygate.ports import Action, Order
from paygate.services import api_keys
from paygate.services.answers import action_json, payment_document
from paygate.strategies import registry
from tests.support.hd import chain_settings
from tests.unit.http_support import NOW, request

if TYPE_CHECKING:
    from paygate.http.request import Request

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8")
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
SCHEMAS = DOCUMENT["components"]["schemas"]
METHODS_OF_HTTP = ("get", "post", "put", "patch", "delete")
OPERATIONS = {
    (verb.upper(), path): operation
    for path, item in DOCUMENT["paths"].items()
    for verb, operation in item.items()
    if verb in METHODS_OF_HTTP
}
FUNCTIONS = sorted(
    path.parent.name for path in (ROOT / "functions").glob("*/app.py") if "Api[" in path.read_text(encoding="utf-8")
)
ROUTES = {
    (route.method, route.path): route
    for name in FUNCTIONS
    for route in importlib.import_module(f"{name}.app").api.routes
}


def schema(name: str) -> Draft202012Validator:
    root = Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
    known = Registry().with_resource("urn:openapi", root)
    return Draft202012Validator({"$ref": f"urn:openapi#/components/schemas/{name}"}, registry=known)


def test_it_is_openapi() -> None:
    validate(DOCUMENT)


def test_its_routes_are_the_functions_routes() -> None:
    assert set(OPERATIONS) == set(ROUTES)


@pytest.mark.parametrize("key", sorted(ROUTES), ids=" ".join)
def test_its_scopes_are_the_functions_scopes(key: tuple[str, str]) -> None:
    security = OPERATIONS[key].get("security", DOCUMENT["security"])
    told = {scope for way in security for scopes in way.values() for scope in scopes}
    asked: Request = request(*key)
    scope = ROUTES[key].scope_for(asked)
    assert told == ({scope} if scope else set())
    assert told <= set(api_keys.SCOPES)
    is_open = security == [] or {} in security
    assert is_open == (scope is None)


def test_its_enums_are_the_domain_s() -> None:
    assert SCHEMAS["PaymentState"]["enum"] == [state.value for state in PaymentState]
    assert SCHEMAS["RefundState"]["enum"] == [state.value for state in RefundState]
    assert SCHEMAS["PaymentException"]["enum"] == [exception.value for exception in PaymentException]


def test_its_methods_channels_and_currencies_are_the_strategies() -> None:
    strategies = [registry.strategy(name) for name in method_names()]
    assert SCHEMAS["Method"]["enum"] == method_names()
    assert SCHEMAS["Channel"]["enum"] == list(dict.fromkeys(one for it in strategies for one in it.channels))
    assert SCHEMAS["Currency"]["enum"] == list(dict.fromkeys(one for it in strategies for one in it.currencies))


def test_its_codes_are_the_edge_s() -> None:
    assert SCHEMAS["ProblemCode"]["enum"] == list(KINDS)


def test_every_code_stands_at_its_status() -> None:
    """Callers look a code up where its status is described."""
    at_status: dict[int, str] = {}
    for operation in OPERATIONS.values():
        for status, response in operation["responses"].items():
            name = response.get("$ref", "").rpartition("/")[2]
            told = DOCUMENT["components"]["responses"][name] if name else response
            at_status[int(status)] = at_status.get(int(status), "") + told["description"]
    elsewhere = {"method_not_allowed", "callback_refused"}  # no operation gives the one; rails word the other
    missing = {code for code, kind in KINDS.items() if f"`{code}`" not in at_status.get(kind.status, "")}
    assert missing == elsewhere


def test_its_names_are_what_the_readers_take() -> None:
    names = {
        "CreatePayment": bodies.CREATE_FIELDS,
        "RefundPayment": bodies.REFUND_FIELDS,
        "Batch": bodies.BATCH_FIELDS,
    }
    for name, fields in names.items():
        assert set(SCHEMAS[name]["properties"]) == fields
        assert SCHEMAS[name]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        (("GET", "/payments"), queries.LIST_PARAMETERS),
        (("GET", "/orders/{orderId}/payments"), queries.PAGE_PARAMETERS),
        (("GET", "/bank-statements"), queries.PAGE_PARAMETERS),
        (("GET", "/cases"), queries.PAGE_PARAMETERS),
        (("GET", "/transfers"), statements.TRANSFER_PARAMETERS),
        (("POST", "/bank-statements"), statements.IMPORT_PARAMETERS),
    ],
)
def test_its_parameters_are_what_the_readers_take(operation: tuple[str, str], parameters: frozenset[str]) -> None:
    named = DOCUMENT["components"]["parameters"]
    given = [
        named[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        for one in OPERATIONS[operation]["parameters"]
    ]
    assert {one["name"] for one in given if one["in"] == "query"} == parameters


def test_its_limits_are_the_readers() -> None:
    create = SCHEMAS["CreatePayment"]["properties"]
    assert create["userId"]["maximum"] == bodies.MAX_USER_ID
    expiry, bounds = create["expiresInSeconds"], {registry.expiry(name) for name in method_names()}
    assert expiry["minimum"] == bodies.MIN_EXPIRY_SECONDS
    assert expiry["maximum"] == max(most for _, most in bounds)
    assert {int(number) for number in re.findall(r"\d+", expiry["description"])} == {
        n for both in bounds for n in both
    }
    assert create["description"]["maxLength"] == bodies.LONGEST_TEXT
    assert create["returnUrl"]["maxLength"] == bodies.LONGEST_URL
    assert SCHEMAS["OrderId"]["maxLength"] == bodies.LONGEST_ID
    assert SCHEMAS["Batch"]["properties"]["paymentIds"]["maxItems"] == bodies.MAX_BATCH
    limit = DOCUMENT["components"]["parameters"]["Limit"]["schema"]
    assert (limit["default"], limit["maximum"]) == (queries.DEFAULT_LIMIT, queries.MAX_LIMIT)


def test_its_payment_is_the_services_payment() -> None:
    price = parse_money("100.00", CURRENCIES["CNY"])
    payment = Payment(
        id=encode("PAY", 1),
        order_id="ORDER_1",
        user_id=1,
        method="ALIPAY",
        channel="QR",
        state=PaymentState.PENDING,
        price=price,
        due=price,
        request_id="request-1",
        created_at=NOW,
        updated_at=NOW,
        expires_at=NOW,
    )
    for action in (None, action_json(Action("QR_CODE", {"content": "https://qr.example/1"}))):
        document = json.loads(payment_document(payment, action))
        schema("Payment").validate(document)
        assert list(document) == SCHEMAS["Payment"]["required"] == list(SCHEMAS["Payment"]["properties"])


@pytest.mark.parametrize("name", ["USDT_TRC20", "USDT_BEP20", "ETH", "BTC"])
def test_a_chain_s_action_is_among_its_actions(name: str) -> None:
    method, strategy = registry.method(name), registry.strategy(name)
    assert method is not None
    rail = registry.load(method.adapter)(registry.load(method.settings)(chain_settings(b"seed")), None, None, None)
    due = parse_money("1.5", priced_in(strategy.currencies[0], strategy.rail))
    address = rail.receive(0, due).text
    action = action_json(rail.open(Order(address, "ADDRESS", due, "Tea", NOW, NOW)))
    schema("Action").validate(json.loads(action))


def test_its_examples_are_right() -> None:
    content = OPERATIONS[("POST", "/payments")]["requestBody"]["content"]["application/json"]
    example = content["examples"]["qr"]["value"]
    schema("CreatePayment").validate(example)
    problem = DOCUMENT["components"]["responses"]["BadRequest"]["content"]["application/problem+json"]
    schema("Problem").validate(problem["example"])


def test_a_caller_who_copies_the_signing_example_is_let_in() -> None:
    told = DOCUMENT["components"]["securitySchemes"]["signedRequest"]["description"]
    code = re.search(r"```python\n(.*?)```", told, re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(code.group(1), names)  # the documentation says it works
    arguments = ("pk_1", "example-secret", "POST", "API.example.com", "/payments", b"{}", "order-456")
    header = names["authorization"](*arguments)
    sent = request(
        "POST",
        "/payments",
        body="{}",
        headers=[("Host", "api.example.com"), ("Idempotency-Key", "order-456"), ("Authorization", header)],
    )
    claimed = signing.parse(header)
    assert claimed is not None
    assert signing.verifies(sent, claimed, b"example-secret")
    shown = signing.sign(b"example-secret", sent, 1759307220, "/payments").hex()
    assert f"`{shown}`" in told
