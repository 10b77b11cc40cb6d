"""Interpreters for programs that share nothing with this project: each below `.local/`, with exactly what its own
requirements.txt says, made at first use.
"""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def interpreter(home: Path, wanted: Path) -> Path:
    """Made when it is not there or not of these requirements."""
    python, ready = home / "bin" / "python", home / "requirements.txt"
    with _alone(home):
        if not ready.exists() or ready.read_bytes() != wanted.read_bytes():
            pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
            subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
            subprocess.run([*pip, "install", "--require-hashes", "-r", wanted], check=True)
            ready.write_bytes(wanted.read_bytes())
    return python


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    home.parent.mkdir(exist_ok=True)
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
