"""API Gateway's models are those of docs/openapi.yaml, and describe every body that a function takes."""

from typing import Any

import jsonschema
import pytest

from infra.checks.expand import expand
from infra.docs import request_models
from infra.local.server import ROOT
from infra.local.template import load_document
from paygate.http import bodies
from paygate.http.json_body import Number
from tests.infra.test_routes import PUBLIC

RESOURCES = load_document(ROOT / "template.yaml")["Resources"]
MODELS: dict[str, Any] = RESOURCES["Api"]["Properties"]["Models"]
EVENTS = {
    (event["Properties"]["Method"].upper(), event["Properties"]["Path"]): event["Properties"]
    for resource in RESOURCES.values()
    if resource["Type"] == "AWS::Serverless::Function"
    for event in resource["Properties"].get("Events", {}).values()
    if event["Type"] == "Api"
}
ORDER = {"orderId": "ORDER_1", "userId": 1, "amount": "1.00", "currency": "CNY", "method": "ALIPAY"}
PAYMENTS: list[dict[str, Any]] = [
    ORDER,
    {**ORDER, "amount": 100.5, "userId": 0},
    {**ORDER, "amount": 999999999999.99, "userId": 2**63 - 1},
    {**ORDER, "amount": "0.01000", "orderId": "é" * 64, "description": "茶" * 256},
    {**ORDER, "returnUrl": "http://[::1]:8080/thanks?a=b#c", "channel": "QR", "expiresInSeconds": 60},
    {**ORDER, "metadata": {"a": "", "b": 1.5, "c": True, "d": None, "e" * 64: "x" * 3900}},
    {**ORDER, "metadata": {}, "idempotencyKey": "!" * 255},
    {**ORDER, "method": "BTC", "currency": "BTC", "amount": "0.00000546"},
    {**ORDER, "method": "ETH", "currency": "ETH", "amount": "0.000000000000000001"},
]
REFUNDS: list[dict[str, Any]] = [
    {},
    {"amount": "0.01"},
    {"amount": 3, "currency": "CNY", "reason": "茶" * 256, "address": "T" * 34, "idempotencyKey": "k"},
]


def test_they_are_what_the_document_would_give_now() -> None:
    assert request_models.TARGET.read_text(encoding="utf-8") == request_models.render(), "run `make docs`"
    assert request_models.models() == MODELS


def test_every_route_that_takes_json_names_its_model_and_no_other_route_has_one() -> None:
    named = {route: event["RequestModel"] for route, event in EVENTS.items() if "RequestModel" in event}
    expected = {
        route: {"Model": name, "Required": True} if is_required else {"Model": name}
        for route, (name, is_required) in request_models.requests().items()
    }
    assert named == expected
    assert len(named) > 10


def test_callbacks_and_payers_have_no_model() -> None:
    for route in PUBLIC:
        assert "RequestModel" not in EVENTS[route]


def test_api_gateway_refuses_nothing_by_them() -> None:
    """What it refuses names no field, comes before the caller's key is looked at, and may not read as we do."""
    body = expand()["Resources"]["Api"]["Properties"]["Body"]
    assert not [key for key in body if "validator" in key]
    assert all("validator" not in key for path in body["paths"].values() for one in path.values() for key in one)
    schemas = body["components"]["schemas"]
    assert schemas.keys() == {name.lower() for name in MODELS}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_they_are_json_schema_draft_4(name: str) -> None:
    jsonschema.Draft4Validator.check_schema(MODELS[name])
    assert "$ref" not in str(MODELS[name])


@pytest.mark.parametrize("payment", PAYMENTS)
def test_they_take_every_payment_that_create_takes(payment: dict[str, Any]) -> None:
    bodies.read_create(as_read(payment), "request")
    jsonschema.validate(payment, MODELS["CreatePayment"], jsonschema.Draft4Validator)


@pytest.mark.parametrize("refund", REFUNDS)
def test_they_take_every_refund_that_refund_takes(refund: dict[str, Any]) -> None:
    bodies.read_refund(as_read(refund), "PAY_1", "request")
    jsonschema.validate(refund, MODELS["RefundPayment"], jsonschema.Draft4Validator)


def test_they_say_what_a_body_lacks() -> None:
    for wrong in ({**ORDER, "amount": "1,00"}, {**ORDER, "price": 1}, {"orderId": "ORDER_1"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, MODELS["CreatePayment"], jsonschema.Draft4Validator)


def as_read(value: Any) -> Any:
    """As `json_body` reads it: numbers keep their text."""
    if isinstance(value, dict):
        return {name: as_read(each) for name, each in value.items()}
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Number(repr(value)) if is_number else value
