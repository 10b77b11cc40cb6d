"""What the local chains run on: npm's packages as they are locked, and the contracts as they are compiled."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.evm import compile as compiler
from infra.local.node.complete_lock import ANVIL, PLATFORMS, completed

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra/local/node"
LOCK = json.loads((FOLDER / "package-lock.json").read_text())
INSTALL = ROOT / "infra/local/node.sh"


def test_the_lock_names_no_registry() -> None:
    text = (FOLDER / "package-lock.json").read_text()

    assert "resolved" not in text
    assert not re.search(r"https?://[^\"]*\.tgz", text)


def test_the_lock_pins_what_is_asked_for_and_checks_what_this_machine_gets() -> None:
    package = json.loads((FOLDER / "package.json").read_text())
    asked = {**package["dependencies"], **package["devDependencies"]}

    assert {name: LOCK["packages"][f"node_modules/{name}"]["version"] for name in asked} == asked
    locked = {name: facts for name, facts in LOCK["packages"].items() if name}
    unchecked = {name for name, facts in locked.items() if not facts.get("integrity", "").startswith("sha512-")}
    assert unchecked <= {f"{ANVIL}-{platform}" for platform in PLATFORMS if platform != "linux-amd64"}


def test_the_lock_is_complete_for_every_machine() -> None:
    assert completed(LOCK) == LOCK
    assert completed(LOCK)["packages"].keys() >= {f"{ANVIL}-{platform}" for platform in PLATFORMS}


def test_a_lock_that_one_machine_wrote_is_completed_for_the_others() -> None:
    written = {
        "packages": {
            ANVIL: {"version": "9.9.9"},
            f"{ANVIL}-linux-amd64": {"version": "9.9.9", "integrity": "sha512-x", "engines": {"node": ">=99"}},
        }
    }

    packages = completed(written)["packages"]

    assert packages[f"{ANVIL}-linux-amd64"]["integrity"] == "sha512-x"
    assert packages[f"{ANVIL}-darwin-arm64"] == {
        "version": "9.9.9",
        "cpu": ["arm64"],
        "optional": True,
        "os": ["darwin"],
    }
    assert all("engines" not in packages[f"{ANVIL}-{platform}"] for platform in PLATFORMS)


def test_without_node_the_installation_says_what_is_missing(tmp_path: Path) -> None:
    done = install(tmp_path)

    assert done.returncode == 1
    assert "Node 18 or later" in done.stderr
    assert "none" in done.stderr


def test_an_old_node_is_refused_by_its_version(tmp_path: Path) -> None:
    old = tmp_path / "node"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo v16.20.2\n[ "$1" = --version ]\n')
    old.chmod(0o755)

    done = install(tmp_path)

    assert done.returncode == 1
    assert "found: v16.20.2" in done.stderr


def test_contracts_are_compiled_from_their_source() -> None:
    if not compiler.SOLC.exists() and not os.environ.get("CI"):
        pytest.skip("solc is not installed: sh infra/local/node.sh")

    assert compiler.compiled() == json.loads(compiler.COMPILED.read_text())


def install(path: Path) -> subprocess.CompletedProcess[str]:
    """With the programs in `path` and those that any shell script needs."""
    for name in ("sh", "dirname"):
        (path / name).symlink_to(shutil.which(name) or name)
    return subprocess.run(
        ["sh", str(INSTALL)], env={"PATH": str(path)}, capture_output=True, text=True, check=False
    )
