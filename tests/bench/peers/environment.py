"""An environment of their own for others' packages, made at first use."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class NotInstalled(Exception):
    """In pip's or venv's last words."""


def interpreter(base: str | Path, home: Path, requirements: Path) -> Path:
    """A Python in `home`, made from `base`, with exactly what `requirements` says."""
    python, ready = home / "bin" / "python", home / "requirements.txt"
    if ready.exists() and ready.read_bytes() == requirements.read_bytes():
        return python
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    install = [*pip, "install", "--require-hashes", "-r", requirements]
    for command in ([base, "-m", "venv", "--clear", home], install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalled(last_line(done.stderr))
    ready.write_bytes(requirements.read_bytes())
    return python


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
