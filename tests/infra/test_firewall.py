"""What stands before the API: rates where no key is asked for, sizes elsewhere, and no look into callbacks."""

import json
from collections.abc import Iterator
from typing import Any

from infra.local.server import ROOT
from infra.local.template import load_document
from paygate.http.problems import KINDS
from paygate.http.request import MAX_BODY_BYTES
from tests.infra.test_routes import PUBLIC

ROOT_TEMPLATE = load_document(ROOT / "template.yaml")
RESOURCES: dict[str, Any] = load_document(ROOT / "infra" / "stacks" / "firewall.yaml")["Resources"]
ACL: dict[str, Any] = RESOURCES["WebAcl"]["Properties"]
FLOOD, SIZE = (rule["Statement"] for rule in ACL["Rules"])


def paths(statement: Any) -> Iterator[tuple[str, str]]:
    """Each path that a statement names, and how it is compared."""
    if isinstance(statement, dict):
        if "SearchString" in statement:
            assert statement["FieldToMatch"] == {"UriPath": {}}
            yield statement["PositionalConstraint"], statement["SearchString"]
        for each in statement.values():
            yield from paths(each)
    if isinstance(statement, list):
        for each in statement:
            yield from paths(each)


def matches(statement: Any, path: str) -> bool:
    compare = {"CONTAINS": str.__contains__, "ENDS_WITH": str.endswith}
    return any(compare[how](path, text) for how, text in paths(statement))


def test_it_is_there_only_where_it_is_asked_for() -> None:
    """It costs by the month, and emulators know no web ACL before an API."""
    assert ROOT_TEMPLATE["Parameters"]["Firewall"]["Default"] == "DISABLED"
    stack = ROOT_TEMPLATE["Resources"]["WebAcl"]
    assert (stack["Type"], stack["Condition"]) == ("AWS::CloudFormation::Stack", "HasFirewall")
    assert stack["Properties"]["TemplateURL"] == "infra/stacks/firewall.yaml"


def test_one_address_is_bounded_on_exactly_the_routes_that_ask_for_no_key() -> None:
    rate = FLOOD["RateBasedStatement"]
    assert (rate["AggregateKeyType"], rate["Limit"]) == ("IP", {"Ref": "RequestsPerAddress"})
    routes = {
        (event["Properties"]["Method"].upper(), event["Properties"]["Path"])
        for resource in ROOT_TEMPLATE["Resources"].values()
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "Api"
    }
    for stage in ("/v1", ""):
        bounded = {route for route in routes if matches(rate["ScopeDownStatement"], stage + route[1])}
        assert bounded == set(PUBLIC), "with and without a domain of one's own"


def test_no_rule_looks_into_a_callback() -> None:
    """A rail's body that is refused here is a payment that nobody hears of."""
    both = SIZE["AndStatement"]["Statements"]
    assert set(FLOOD) == {"RateBasedStatement"}
    (excepted,) = (one["NotStatement"] for one in both if "NotStatement" in one)
    assert matches(excepted, "/v1/webhooks/alipay")
    assert "ManagedRuleGroupStatement" not in json.dumps(ACL)
    assert ACL["DefaultAction"] == {"Allow": {}}


def test_a_body_that_no_function_takes_is_refused_before_one_runs() -> None:
    both = SIZE["AndStatement"]["Statements"]
    (size,) = (one["SizeConstraintStatement"] for one in both if "SizeConstraintStatement" in one)
    assert (size["ComparisonOperator"], size["Size"]) == ("GT", MAX_BODY_BYTES)
    assert size["FieldToMatch"]["Body"]["OversizeHandling"] == "MATCH"
    inspected = ACL["AssociationConfig"]["RequestBody"]["API_GATEWAY"]["DefaultSizeInspectionLimit"]
    assert int(inspected.removeprefix("KB_")) * 1024 == MAX_BODY_BYTES
    (excepted,) = (one["NotStatement"] for one in both if "NotStatement" in one)
    assert matches(excepted, "/v1/bank-statements"), "a statement may have 4 MB"
    assert not matches(excepted, "/v1/payments")


def test_what_it_refuses_is_a_problem_document_like_ours() -> None:
    for rule in ACL["Rules"]:
        answer = rule["Action"]["Block"]["CustomResponse"]
        document = json.loads(ACL["CustomResponseBodies"][answer["CustomResponseBodyKey"]]["Content"])
        kind = KINDS[document["code"]]
        assert (document["status"], document["title"]) == (kind.status, kind.title)
        assert answer["ResponseCode"] == kind.status


def test_it_keeps_no_headers() -> None:
    """They hold callers' keys."""
    shown = [ACL["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in ACL["Rules"])]
    assert all(each["SampledRequestsEnabled"] is False for each in shown)
    assert not [each for each in RESOURCES.values() if each["Type"] == "AWS::WAFv2::LoggingConfiguration"]


def test_a_flood_of_what_asks_for_no_key_leaves_room_for_payments_without_it_as_well() -> None:
    parameters = ROOT_TEMPLATE["Parameters"]
    settings = ROOT_TEMPLATE["Resources"]["Api"]["Properties"]["MethodSettings"]
    own = {
        (each["HttpMethod"], each["ResourcePath"].replace("~1", "/").replace("//", "/")): each
        for each in settings
        if each["ResourcePath"] != "/*"
    }
    assert own.keys() == PUBLIC.keys()
    for each in own.values():
        assert each["ThrottlingRateLimit"] == {"Ref": "PublicThrottlingRate"}
        assert each["ThrottlingBurstLimit"] == {"Ref": "PublicThrottlingBurst"}
    assert parameters["PublicThrottlingRate"]["Default"] < parameters["ThrottlingRate"]["Default"]
    assert parameters["PublicThrottlingBurst"]["Default"] < parameters["ThrottlingBurst"]["Default"]
