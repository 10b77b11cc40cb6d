"""Ids, nonces and secrets come from the kernel: two restored snapshots draw the same numbers from Python."""

import ast

from infra.local.server import ROOT

SOURCES = [*(ROOT / "layers" / "core" / "python").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
# What draws at random only so that processes do not all come at once, and what seeds it anew.
SPREADING = {"drain.py", "http.py", "snapshots.py"}
FROM_THE_KERNEL = {"secrets", "uuid"}


def imported(text: str) -> set[str]:
    tree = ast.parse(text)
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_only_what_spreads_load_draws_from_python() -> None:
    drawing = {path.name for path in SOURCES if "random" in imported(path.read_text(encoding="utf-8"))}
    assert drawing == SPREADING


def test_ids_and_nonces_are_drawn_from_the_kernel() -> None:
    drawing = {path.name for path in SOURCES if FROM_THE_KERNEL & imported(path.read_text(encoding="utf-8"))}
    assert {"clock.py", "sealer.py", "api_keys.py", "transport.py", "request.py"} <= drawing


def test_uuids_are_random_ones() -> None:
    """Version 1 holds a counter and the machine's address, which two restored snapshots share."""
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert "uuid1(" not in text, path
        assert "SystemRandom" not in text, path
