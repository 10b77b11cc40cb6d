"""The template's routes are the code's routes, and nearly all of them ask for a key."""

import importlib
import json
from types import ModuleType

import pytest

from infra.checks.expand import VARIANTS, expand
from infra.local.server import ROOT
from infra.local.template import Function, load_document, read_template
from paygate.http.problems import CONTENT_TYPE, KINDS
from paygate.http.request import Request

# Who may call without a key, and why that is safe.
PUBLIC = {
    ("GET", "/health"): "says only that it is alive; ?deep=true needs a key",
    ("POST", "/webhooks/{rail}"): "a callback is believed only if the rail's signature verifies",
    ("GET", "/return/{paymentId}"): "sends a payer on; what it shows is what the rail says, and no amount or name",
    ("POST", "/return/{paymentId}"): "the same: the form that UnionPay has the browser post is left unread",
}
OF_THE_API = [function for function in read_template(ROOT / "template.yaml").functions if function.routes]
RESPONSES = load_document(ROOT / "template.yaml")["Resources"]["Api"]["Properties"]["GatewayResponses"]


def module(function: Function) -> ModuleType:
    return importlib.import_module(function.handler.rpartition(".")[0])


@pytest.mark.parametrize("function", OF_THE_API, ids=lambda function: function.name)
def test_a_function_is_called_for_the_routes_it_knows(function: Function) -> None:
    in_template = {(route.method, route.path) for route in function.routes}
    in_code = {(route.method, route.path) for route in module(function).api.routes}
    assert in_template == in_code


def test_only_these_routes_answer_without_a_key() -> None:
    def asked(method: str, path: str) -> Request:
        return Request(method, path, path, {}, {}, b"", "id", {})

    public = {
        (route.method, route.path)
        for function in OF_THE_API
        for route in module(function).api.routes
        if route.scope_for(asked(route.method, route.path)) is None
    }
    assert public == set(PUBLIC)


@pytest.mark.parametrize("name", sorted(RESPONSES))
def test_what_api_gateway_refuses_is_a_problem_document_like_ours(name: str) -> None:
    response = RESPONSES[name]
    assert response["ResponseParameters"]["Headers"]["Content-Type"] == f"'{CONTENT_TYPE}'"
    document = json.loads(response["ResponseTemplates"]["application/json"])
    assert document["requestId"] == "$context.requestId"
    if name == "DEFAULT_4XX":
        assert "StatusCode" not in response
        return
    kind = KINDS[document["code"]]
    assert document["type"] == f"urn:paygate:problem:{document['code']}"
    assert (document["status"], document["title"]) == (kind.status, kind.title)
    assert response["StatusCode"] == kind.status


def test_the_deployed_api_has_the_codes_routes_and_no_others() -> None:
    """As CloudFormation gets it: each route calls its function's alias, and only these ask for no key."""
    resources = expand(VARIANTS["everything"])["Resources"]
    (api,) = (each["Properties"] for each in resources.values() if each["Type"] == "AWS::ApiGateway::RestApi")
    deployed = {
        (method.upper(), path): operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        for path, methods in api["Body"]["paths"].items()
        for method, operation in methods.items()
    }
    in_code = {(route.method, route.path): one.name for one in OF_THE_API for route in one.routes}
    assert deployed.keys() == in_code.keys()
    assert deployed.keys() >= PUBLIC.keys()
    for route, name in in_code.items():
        assert f"/functions/${{{name}Aliaslive}}/" in deployed[route]
