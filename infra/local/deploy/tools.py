"""The two programs that come in environments of their own: the SAM CLI and ministack."""

import os
import platform
import sys
from pathlib import Path

from infra.local.server import ROOT, StartFailed

TOOLS = ROOT / ".local" / "tools"
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def sam() -> Path:
    """SAM names another one than `make` installs."""
    return _existing(Path(os.environ.get("SAM") or TOOLS / "sam/bin/sam"))


def ministack() -> Path:
    """Its Python is the one that functions run on, so it is the one that layers are built for."""
    if sys.platform != "linux":
        raise StartFailed(
            "ministack runs the functions as processes of this machine, and their layers are built for Linux. "
            "Elsewhere, run an emulator that has containers and name it in AWS_ENDPOINT_URL."
        )
    return _existing(TOOLS / "ministack/bin/ministack")


def architecture() -> str:
    """What the template's parameter Architecture must be for layers that run here."""
    return MACHINES[platform.machine().lower()]


def _existing(program: Path) -> Path:
    if not program.exists():
        raise StartFailed(f"{program} is missing: make deploy-local installs it.")
    return program
