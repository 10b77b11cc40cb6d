"""A function of the API loads what tests/infra/cold_imports.txt says, and no more."""

import subprocess
import sys

import pytest

from infra.local.server import ROOT
from infra.local.template import Function, read_template

ALLOWED_FILE = ROOT / "tests" / "infra" / "cold_imports.txt"
ALLOWED = [
    line.split("#")[0].strip() for line in ALLOWED_FILE.read_text().splitlines() if line.split("#")[0].strip()
]
OF_THE_API = [function for function in read_template(ROOT / "template.yaml").functions if function.routes]
# -I keeps out the environment, where a coverage or debugging hook could import things.
PROBE = """
import importlib, sys
sys.path[:0] = sys.argv[2:]
before = set(sys.modules)
importlib.import_module(sys.argv[1])
print(*sorted(set(sys.modules) - before))
"""


def loaded(function: Function) -> list[str]:
    module = function.handler.rpartition(".")[0]
    paths = [str(ROOT / "layers" / "core" / "python"), str(function.code)]
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROBE, module, *paths], capture_output=True, text=True, check=True
    )
    own = module.partition(".")[0]
    foreign = [name for name in done.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names]
    return [name for name in foreign if name.partition(".")[0] != own]


def is_allowed(name: str) -> bool:
    return f"={name}" in ALLOWED or any(name == entry or name.startswith(f"{entry}.") for entry in ALLOWED)


@pytest.mark.parametrize("function", OF_THE_API, ids=lambda function: function.name)
def test_loads_only_what_the_list_allows(function: Function) -> None:
    assert [name for name in loaded(function) if not is_allowed(name)] == []


def test_the_list_allows_nothing_that_no_function_loads() -> None:
    names = {name for function in OF_THE_API for name in loaded(function)}
    assert {entry.lstrip("=") for entry in ALLOWED} <= names


@pytest.mark.parametrize(
    "name", ["kafka", "kafka.producer", "web3", "boto3", "botocore.client", "pg8000", "requests"]
)
def test_the_list_keeps_out_what_is_heavy(name: str) -> None:
    assert not is_allowed(name)
