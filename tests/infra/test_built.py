"""What `sam build` made is what Lambda can run: PAYGATE_BUILT names the folder, and without it nothing is asked.

`.ci/run` builds and asks; by hand: `sam build && PAYGATE_BUILT=.aws-sam/build make test ARGS=tests/infra`.
"""

import importlib.util
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from infra.local.server import ROOT
from infra.local.template import load_document

pytestmark = pytest.mark.built
BUILT = ROOT / os.environ.get("PAYGATE_BUILT", ".aws-sam/build")
ELF_MACHINES = {"DepsLayerArm64": 183, "DepsLayerX86": 62, "ChainLayerArm64": 183, "ChainLayerX86": 62}
MAGIC_3_13 = (3571).to_bytes(2, "little") + b"\r\n"
UNCHECKED_HASH = 0b01
MEGABYTE = 1_000_000
FUNCTION = "AWS::Serverless::Function"
LAYERS = ["CoreLayer", *ELF_MACHINES, "MigrateLayer"]


def size(*names: str) -> int:
    return sum(path.stat().st_size for name in names for path in (BUILT / name).rglob("*") if path.is_file())


def is_compiled() -> bool:
    """Whether a Python 3.13 was there to compile; elsewhere layers carry no bytecode, and say so."""
    return any((BUILT / "CoreLayer").rglob("*.pyc"))


@pytest.mark.parametrize("layer", sorted(ELF_MACHINES))
def test_compiled_code_is_for_the_layers_machine(layer: str) -> None:
    libraries = list((BUILT / layer).rglob("*.so"))
    assert len(libraries) > 3
    for library in libraries:
        head = library.read_bytes()[:20]
        assert head[:4] == b"\x7fELF", library
        assert struct.unpack_from("<H", head, 18) == (ELF_MACHINES[layer],), library


def test_the_migrate_layer_is_for_every_machine() -> None:
    assert not list((BUILT / "MigrateLayer").rglob("*.so"))


@pytest.mark.parametrize("layer", LAYERS)
def test_bytecode_is_python_3_13s_and_never_checked_against_a_clock(layer: str) -> None:
    if not is_compiled():
        pytest.skip("no Python 3.13 compiled these layers")
    sources = [path for path in (BUILT / layer / "python").rglob("*.py") if "bad" not in path.parts]
    for source in sources:
        compiled = Path(importlib.util.cache_from_source(str(source)))
        compiled = compiled.with_name(f"{source.stem}.cpython-313.pyc")
        assert compiled.exists(), source
        head = compiled.read_bytes()[:8]
        assert head[:4] == MAGIC_3_13, compiled
        assert struct.unpack("<I", head[4:])[0] == UNCHECKED_HASH, compiled


def test_functions_hold_their_handlers_and_nothing_else() -> None:
    for name, resource in load_document(BUILT / "template.yaml")["Resources"].items():
        if resource["Type"] == FUNCTION:
            files = {path.relative_to(BUILT / name) for path in (BUILT / name).rglob("*") if path.is_file()}
            assert all(path.suffix == ".py" for path in files)
            folder = resource["Properties"]["Handler"].partition(".")[0]
            assert Path(folder, "app.py") in files


def layers_of(function: dict[str, Any], machine: str) -> list[str]:
    """The folders of a function's layers on one machine: an `If` is of the two layers, ARM's first."""
    shared = load_document(BUILT / "template.yaml")["Globals"]["Function"]["Layers"]
    listed = [*shared, *function.get("Layers", [])]
    return [(each["Fn::If"][1 + (machine == "X86")] if "Fn::If" in each else each)["Ref"] for each in listed]


def functions() -> dict[str, dict[str, Any]]:
    resources = load_document(ROOT / "template.yaml")["Resources"]
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == FUNCTION}


@pytest.mark.parametrize("machine", ["Arm64", "X86"])
@pytest.mark.parametrize("name", sorted(functions()))
def test_a_function_with_its_layers_stays_small(name: str, machine: str) -> None:
    """Unzipped: 130 MB of Lambda's 262, and 60 MB where somebody waits and no chain is read."""
    function = load_document(BUILT / "template.yaml")["Resources"][name]["Properties"]
    layers = layers_of(function, machine)
    is_light = any(event["Type"] == "Api" for event in function.get("Events", {}).values())
    is_light &= f"ChainLayer{machine}" not in layers
    assert {"CoreLayer", f"DepsLayer{machine}"} <= set(layers)
    assert size(name, *layers) <= (60 if is_light else 130) * MEGABYTE


def test_only_functions_that_read_chains_carry_what_that_needs() -> None:
    chained = {name for name, each in functions().items() if "ChainLayerArm64" in layers_of(each, "Arm64")}
    reading = {"ClaimsFunction", "OperateFunction", "PayoutsFunction", "PollChainFunction", "SignRefundFunction"}
    assert chained == reading


@pytest.mark.parametrize("machine", ["Arm64", "X86"])
def test_no_package_is_in_two_layers_of_one_function(machine: str) -> None:
    deps, chain = ({path.name for path in (BUILT / f"{layer}Layer{machine}" / "python").iterdir()} - {"bin"}
                   for layer in ("Deps", "Chain"))  # fmt: skip
    assert not deps & chain


def test_nothing_of_the_tests_or_the_sandbox_is_shipped() -> None:
    for name in ("CoreLayer", "MigrateLayer", "CreateFunction"):
        assert not [path for path in (BUILT / name).rglob("*") if path.name in ("sandbox", "tests", "infra")]
