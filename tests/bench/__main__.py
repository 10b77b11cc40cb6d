"""`make bench`: prints each figure as it comes and writes `.local/bench.json`; exit status 1 when a bar is missed.

`python -m tests.bench requests cold_imports` measures only those.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests.bench.world import quiet, say, world

PARTS = (
    *("requests", "sizes", "concurrent", "relay", "cold_imports", "cold_starts"),
    *("rails", "addresses", "chains", "statements"),
)
PEERS = "peers"  # printed only: the report holds what has a bar
REPORT = Path(".local/bench.json")


def main(wanted: list[str]) -> int:
    parts = [part for part in wanted if part != PEERS] if wanted else list(PARTS)
    directory = Path(tempfile.mkdtemp(prefix="paygate-bench-"))
    directory.chmod(0o755)
    rows = []
    try:
        with world(directory) as made, quiet():
            for part in parts:
                for figure in import_module(f"tests.bench.{part}").measure(made):
                    rows.append({"part": part, **figure.row()})
                    say(figure.line())
            if not wanted or PEERS in wanted:
                for figure in import_module(f"tests.bench.{PEERS}").measure(made):
                    say(figure.line())
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if parts:
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(row["ok"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
