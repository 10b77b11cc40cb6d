"""What `sam build` makes, and the copy of its template that `sam local` reads.

The copy differs in two things. It declares every environment variable that the stack sets: `sam local` hands
functions no other, and where something stands in for AWS is no business of the template that is deployed. And it
names each layer by what is in it, as published layers are named: SAM then makes an image once for each set of
layers, not once for each function.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infra.local.server import ROOT, StartFailed
from infra.local.template import load_document

BUILT = "PAYGATE_BUILT"
"""Names a folder that `sam build` made; without it, it is made anew."""

PROGRAM = "SAM"
ARN = "arn:aws:lambda:us-east-1:123456789012:layer:{name}:1"


def program() -> str:
    found = shutil.which(os.environ.get(PROGRAM) or "sam")
    if found is None:
        raise StartFailed(f"No SAM CLI: install it (pip install aws-sam-cli), or name it in {PROGRAM}.")
    return found


def built() -> Path:
    """The folder that holds what SAM built of this checkout."""
    named = os.environ.get(BUILT)
    folder = ROOT / (named or ".aws-sam/build")
    if not named and subprocess.run([program(), "build", "--parallel"], cwd=ROOT, check=False).returncode:
        raise StartFailed("`sam build` failed.")
    if not (folder / "template.yaml").exists():
        raise StartFailed(f"{folder} is nothing that `sam build` made.")
    return folder


def localised(folder: Path, names: Iterable[str], layers: Path) -> dict[str, Any]:
    """The copy: functions take variables of these `names`, and their layers are those that stand in `layers`."""
    document = load_document(folder / "template.yaml")
    common = document["Globals"]["Function"]
    for name in names:
        common["Environment"]["Variables"].setdefault(name, "")
    arns = {name: _published(folder / name, layers) for name in _layers_of(document)}
    for function in (common, *_functions_of(document)):
        if "Layers" in function:
            function["Layers"] = _named(function["Layers"], arns)
    return document


def _published(layer: Path, layers: Path) -> str:
    """The layer's ARN; the folder of that name below `layers` is where SAM keeps what it has downloaded."""
    arn = ARN.format(name=f"{layer.name}-{_digest(layer)}")
    name, version = arn.split(":")[-2:]
    place = layers / f"{name}-{version}-{hashlib.sha256(arn.encode()).hexdigest()[:10]}"
    layers.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(layer, target_is_directory=True)
    return arn


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _layers_of(document: dict[str, Any]) -> list[str]:
    return [name for name, each in document["Resources"].items() if each["Type"] == "AWS::Serverless::LayerVersion"]


def _functions_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    resources = document["Resources"].values()
    return [each["Properties"] for each in resources if each["Type"] == "AWS::Serverless::Function"]


def _named(value: Any, arns: dict[str, str]) -> Any:
    """`value` with the ARN in the place of each reference to a layer."""
    if isinstance(value, list):
        return [_named(each, arns) for each in value]
    if isinstance(value, dict):
        reference = value.get("Ref")
        return arns.get(str(reference)) or {key: _named(each, arns) for key, each in value.items()}
    return value
