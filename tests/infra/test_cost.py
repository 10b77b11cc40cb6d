"""What docs/cost.md is made of: prices, what the templates make, and how measurements become a bill."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from infra.docs.cost import idle, page
from infra.docs.cost.bill import Month, tiered, volumes
from infra.docs.cost.design import Design
from infra.docs.cost.inputs import assume, measured, price, prices, quotas, supposing, table
from infra.docs.cost.limits import limits
from infra.docs.cost.parts import parts, smallest
from infra.docs.cost.templates import parameters, resources
from infra.docs.cost.text import dollars, number, power
from infra.docs.cost.usage import chain_gigabytes, minute, network, on_lambda, payment, questions
from infra.local.server import ROOT
from paygate.strategies import registry

if TYPE_CHECKING:
    from pathlib import Path

CODE = ROOT / "infra" / "docs" / "cost"
METHODS = [method.name for method in registry.METHODS]
OUTER = """
Parameters:
  MakesIt: { Type: String, Default: "no" }
  Zones: { Type: Number, Default: 2 }
Conditions:
  Makes: !Equals [!Ref MakesIt, "yes"]
  Three: !Not [!Equals [!Ref Zones, 2]]
Resources:
  Nested:
    Type: AWS::CloudFormation::Stack
    Condition: Makes
    Properties: { TemplateURL: stacks/inner.yaml, Parameters: { HasThree: !If [Three, "yes", "no"] } }
  Always: { Type: AWS::KMS::Key }
  Never: { Type: AWS::KMS::Key, Condition: Three }
"""
INNER = """
Parameters: { HasThree: { Type: String } }
Conditions:
  Three: !Equals [!Ref HasThree, "yes"]
  Both: !And [!Condition Three, !Or [!Condition Three, !Not [!Condition Three]]]
Resources:
  Endpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties: { SubnetIds: [!Ref A, !Ref B, !If [Both, !Ref C, !Ref "AWS::NoValue"]] }
"""


def test_every_price_and_quota_is_used_and_names_its_page() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in CODE.glob("*.py"))
    by_class = {f"rds_{name}_hour" for name in ("t4g_micro", "t4g_small", "t4g_medium", "r7g_large")}
    for each in (*prices().values(), *quotas().values()):
        assert each.name in by_class or re.search(rf"[\"']{each.name}[\"']", code), each.name
        assert each.value > 0
        assert each.unit
        assert each.page.startswith("https://")
        assert not each.seen or each.seen.startswith("https://")


def test_every_assumption_is_used() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in CODE.glob("*.py"))
    text = (CODE / "assumptions.toml").read_text(encoding="utf-8")
    for section in ("payment", "shape", "convert", "database", "parts"):
        body = text.partition(f"[{section}]")[2].partition("\n[")[0]
        for name in re.findall(r"^(\w+) =", body, re.MULTILINE):
            assert f'"{name}"' in code, name


def test_money_is_never_a_float() -> None:
    for month in (Month(method, volume) for method in METHODS for volume in volumes()):
        assert all(type(amount) is Decimal for amount in month.lines().values())
    assert all(type(part.dollars) is Decimal for part in parts(smallest()))


def test_every_method_was_measured() -> None:
    assert list(measured()["methods"]) == METHODS
    for method in METHODS:
        called = {each.function: each for each in payment(method)}
        assert called["create"].count == 1
        assert called["create"].uses("postgres.trips") >= 1
        assert called["status"].count == assume("payment", "status_reads")
        assert called["relay_events"].uses("kafka.sent") > 0


@pytest.mark.parametrize("method", ["ALIPAY", "WECHAT_PAY", "CREDIT_CARD"])
def test_a_rail_is_called_once_to_create_and_calls_back(method: str) -> None:
    called = {each.function: each for each in payment(method)}
    assert called["create"].uses("rail.requests") == 1
    assert called["webhook"].count >= 1


def test_more_payments_cost_more_and_each_costs_less() -> None:
    for method in METHODS:
        totals = [Month(method, volume).total() for volume in volumes()]
        assert totals == sorted(totals)
        each = [total / volume for total, volume in zip(totals, volumes(), strict=True)]
        assert each == sorted(each, reverse=True)


def test_a_chain_is_followed_for_one_payment_as_for_many() -> None:
    """A payment alone costs its whole time; when one is always open, no more than a function that never ends."""
    always = assume("shape", "days") * 1440 * 55 * price("lambda_gb_second")
    alone = Month("USDT_ERC20", Decimal(1)).lines()["following the chain"]
    many = Month("USDT_ERC20", Decimal(10**9)).lines()["following the chain"]
    assert alone < assume("open", "ethereum") * 60 * price("lambda_gb_second")
    assert always * Decimal("0.8") < many < always * Decimal("1.2")


def test_tiers_are_paid_one_after_the_other() -> None:
    assert tiered("api", Decimal(10**6)) == Decimal("3.5")
    assert tiered("api", Decimal(334 * 10**6)) == Decimal("1165.5") + Decimal("2.8")


def test_a_processor_twice_as_slow_takes_twice_as_long_and_waits_no_longer() -> None:
    assert on_lambda(Decimal(10), Decimal(1769)) == 10
    before = on_lambda(Decimal(10), Decimal(1024))
    [relay] = minute("idle", ["relay_events"])
    with supposing("convert", "processor", Decimal(2)):
        assert on_lambda(Decimal(10), Decimal(1024)) == 2 * before
        [slower] = minute("idle", ["relay_events"])
    assert relay.milliseconds < slower.milliseconds < 2 * relay.milliseconds
    assert on_lambda(Decimal(10), Decimal(1024)) == before


def test_templates_are_read_as_cloudformation_reads_them(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "template.yaml").write_text(OUTER)
    (tmp_path / "stacks" / "inner.yaml").write_text(INNER)
    assert [each.name for each in resources({}, tmp_path)] == ["Always"]
    [endpoint, key] = resources({"MakesIt": "yes"}, tmp_path)
    assert (key.name, len(endpoint.properties["SubnetIds"])) == ("Always", 2)
    made = resources({"MakesIt": "yes", "Zones": "3"}, tmp_path)
    assert [each.name for each in made] == ["Endpoint", "Always", "Never"]
    assert len(made[0].properties["SubnetIds"]) == 3


def test_the_idle_bill_is_the_sum_of_what_the_templates_make() -> None:
    kinds = [each.kind for each in resources(smallest())]
    counted = {part.name: part for part in parts(smallest())}
    assert counted["alarm"].count >= kinds.count("AWS::CloudWatch::Alarm") > 0
    assert idle.smallest_dollars() == sum(part.dollars for part in counted.values())
    assert idle.smallest_dollars() == idle.without_database() + sum(
        part.dollars for part in counted.values() if part.name.startswith("PostgreSQL")
    )


def test_a_part_that_is_added_costs_what_the_page_says() -> None:
    for words, changed in idle.OTHERWISE:
        if changed.keys() <= parameters().keys():
            then = sum(part.dollars for part in parts({**smallest(), **changed}))
            assert f"| {words} | " in page.render()
            assert then != idle.smallest_dollars(), words


def test_the_design_grows_with_the_payments() -> None:
    designs = [Design(Month("ALIPAY", volume)) for volume in volumes()]
    processors = [each.database.processors * each.database.instances for each in designs]
    assert processors == sorted(processors)
    for each, has in zip(designs, processors, strict=True):
        assert has >= each.processors
    assert designs[0].database.size == table("smallest")["DatabaseInstanceClass"]


def test_limits_are_met_in_the_order_in_which_they_stand() -> None:
    found = [limit.payments for limit in limits()]
    assert found == sorted(found)
    assert all(payments > 0 for payments in found)


def test_the_page_on_chains_asks_its_nodes_as_much_as_was_measured() -> None:
    text = (ROOT / "docs" / "crypto.md").read_text(encoding="utf-8")
    days = assume("shape", "days")
    for state, words in (("open", "if one is open day and night"), ("idle", "with none open, each minute")):
        [line] = (line for line in text.splitlines() if words in line)
        told = Decimal(max(re.findall(r"\d+,\d{3}", line), key=len).replace(",", ""))
        assert abs(told - questions(state, "tron") / days) < told / 4, state
    [gigabytes] = re.findall(r"following all day reads about (\d+) GB", text)
    assert abs(Decimal(gigabytes) - chain_gigabytes("tron") / days) < 1
    assert "USD)" not in text
    assert "(cost.md#" in text


def test_chains_are_those_of_the_methods() -> None:
    chains = {network(method) for method in METHODS} - {None}
    assert chains == set(idle.CHAINS)


def test_numbers_are_short() -> None:
    assert [dollars(Decimal(text)) for text in ("0.01234", "0.5", "12.346", "1234.5", "136543")] == [
        "0.012",
        "0.50",
        "12.35",
        "1,230",
        "137,000",
    ]
    assert [number(Decimal(text)) for text in ("0", "0.126", "1.26", "40", "99999")] == [
        "0",
        "0.13",
        "1.3",
        "40",
        "100,000",
    ]
    assert power(Decimal(10) ** 9) == "10⁹"
