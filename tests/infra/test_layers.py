"""Layers ship the versions that the tests run on."""

import re
from pathlib import Path

import pytest

from infra.local.server import ROOT

LAYERS = ("deps", "migrate", "chain")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    return dict(PIN.findall(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layers_versions_are_those_of_requirements_txt(layer: str) -> None:
    ours = pins(ROOT / "requirements.txt")
    shipped = pins(ROOT / "layers" / layer / "requirements.txt")
    assert shipped
    assert shipped == {name: ours.get(name) for name in shipped}


def test_together_the_layers_ship_all_of_requirements_txt() -> None:
    ours = set(pins(ROOT / "requirements.txt"))
    shipped = {name for layer in LAYERS for name in pins(ROOT / "layers" / layer / "requirements.txt")}
    # For Pythons older than Lambda's, and for the command line of MSK's signer.
    assert ours - shipped == {"async-timeout", "click"}


def test_every_file_of_a_layer_is_checked_by_its_hash() -> None:
    for layer in LAYERS:
        text = (ROOT / "layers" / layer / "requirements.txt").read_text(encoding="utf-8")
        entries = re.split(r"^(?=[A-Za-z0-9._-]+==)", text, flags=re.MULTILINE)[1:]
        assert all("--hash=sha256:" in entry for entry in entries)
