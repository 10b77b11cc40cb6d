"""Who may import whom. Read from the sources, so that an import inside a function counts as well."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.server import ROOT

CORE = ROOT / "layers" / "core" / "python"
FUNCTIONS = ROOT / "functions"
STANDARD = sys.stdlib_module_names | {"_typeshed"}

# Part of the core → the parts of the core that it may import.
MAY_IMPORT = {
    "domain": {"domain"},
    "ports": {"domain", "ports"},
    "chain_ports": {"domain", "ports"},
    "signing_ports": {"domain", "ports", "chain_ports"},
    "sweep_ports": {"domain", "ports"},
    "budget": set(),
    "faults": {"domain"},
    "settings_reader": set(),
    "card_numbers": set(),
    "redaction": {"card_numbers"},
    "metrics": set(),
    "observability": {"redaction", "metrics"},
    "snapshots": set(),
    "services": {"domain", "ports", "chain_ports", "signing_ports", "sweep_ports", "services", "budget"},
    "strategies": {"domain", "ports", "chain_ports", "strategies"},
    "adapters": {
        *("domain", "ports", "chain_ports", "signing_ports", "sweep_ports", "adapters"),
        *("budget", "faults", "settings_reader"),
    },
    "http": {
        "domain",
        "ports",
        "services",
        "strategies",
        "http",
        "budget",
        "observability",
        "card_numbers",
        "snapshots",
    },
    "queued": {"domain", "budget", "observability"},
    "scheduled": {"domain", "ports", "chain_ports", "services", "budget", "observability"},
}
# Packages from outside → the parts that may use them.
LIBRARIES = {
    "pg8000": {"adapters.postgres"},
    "redis": {"adapters.redis"},
    "kafka": {"adapters.kafka"},
    "boto3": {"adapters.sqs", "adapters.s3", "adapters.kms", "adapters.iam", "adapters.secrets"},
    "botocore": {"adapters.sqs", "adapters.s3", "adapters.kms", "adapters.iam", "adapters.secrets"},
    "aws_msk_iam_sasl_signer": {"adapters.iam"},
    "requests": {"adapters.rails"},
    "urllib3": {"adapters.rails"},
    "coincurve": {"adapters.chains"},
    "Crypto": {"adapters.chains"},
    "base58": {"adapters.chains"},
    "web3": {"adapters.chains"},
    "eth_account": {"adapters.chains"},
    "cryptography": {"adapters.rails", "adapters.system", "adapters.kms"},
    "snapshot_restore_py": {"snapshots"},
    "aws_lambda_powertools": {"http", "observability", "queued", "scheduled", "adapters.secrets"},
}


def modules(root: Path) -> dict[str, Path]:
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(root.rglob("*.py"))
    }


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


OURS = modules(CORE)


def part(name: str) -> str:
    """`paygate.adapters.redis.x` → `adapters`; of what is not ours, nothing."""
    top, *rest = name.split(".")
    return rest[0] if top == "paygate" and rest else ""


@pytest.mark.parametrize("name", sorted(set(OURS) - {"paygate", "paygate.bootstrap", "paygate.config"}))
def test_a_module_imports_only_what_its_part_may(name: str) -> None:
    for imported in imports(OURS[name]):
        top = imported.partition(".")[0]
        if top == "paygate":
            assert part(imported) in MAY_IMPORT[part(name)], f"{name} imports {imported}"
        elif top not in STANDARD:
            users = LIBRARIES[top]
            assert any(name.startswith(f"paygate.{user}") for user in users), f"{name} imports {imported}"


def test_the_domain_and_the_ports_know_only_the_standard_library() -> None:
    for name, path in OURS.items():
        if part(name) in ("domain", "ports"):
            assert {i.partition(".")[0] for i in imports(path)} <= STANDARD | {"paygate"}, name


def family(name: str) -> str:
    """`paygate.adapters.redis.x` → `redis`; below rails, each rail is a family and the rest is common."""
    parts = name.split(".")[2:]
    is_rail = parts[0] == "rails" and (CORE / "paygate" / "adapters" / Path(*parts[:2])).is_dir()
    return ".".join(parts[:2]) if is_rail else parts[0]


# Calling other people's servers and reading their JSON is the same work, whoever they are.
COMMON = tuple(f"paygate.adapters.rails.{name}." for name in ("http", "exact_json"))


def test_adapters_do_not_know_each_other() -> None:
    for name, path in OURS.items():
        for imported in imports(path):
            if part(name) == part(imported) == "adapters" and not imported.startswith(COMMON):
                assert family(imported) in (family(name), family(name).partition(".")[0]), (
                    f"{name} imports {imported}"
                )


@pytest.mark.parametrize("name", sorted(modules(FUNCTIONS)))
def test_a_function_imports_no_adapter(name: str) -> None:
    for imported in imports(modules(FUNCTIONS)[name]):
        top = imported.partition(".")[0]
        assert top in STANDARD | {"paygate", "aws_lambda_powertools", "migrations"}, f"{name} imports {imported}"
        if top == "paygate":
            assert part(imported) != "adapters", f"{name} imports {imported}"


def test_nothing_imports_a_function_and_the_core_knows_nothing_around_it() -> None:
    functions = {name.partition(".")[0] for name in modules(FUNCTIONS)}
    for name, path in {**OURS, **modules(ROOT / "infra")}.items():
        tops = {imported.partition(".")[0] for imported in imports(path)}
        assert not tops & functions, f"{name} imports a function"
        if name in OURS:
            assert not tops & {"infra", "tests", "migrations"}, name


def test_only_bootstrap_wires() -> None:
    for name, path in OURS.items():
        if name not in ("paygate.bootstrap", "paygate.config") and part(name) != "adapters":
            assert not any(i.startswith("paygate.adapters") for i in imports(path)), name
