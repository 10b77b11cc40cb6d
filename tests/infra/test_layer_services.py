"""botocore is shipped with the descriptions of services that are called: a missing one fails on AWS alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

from infra.local.server import ROOT

CODE = (ROOT / "layers/core/python", ROOT / "layers/migrate/python", ROOT / "functions")


def called(path: Path) -> Iterator[str]:
    """Names of services for which the file makes a client of boto3's."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "client":
            yield from (each.value for each in node.args[:1] if isinstance(each, ast.Constant))


def test_every_service_that_is_called_is_in_the_layer() -> None:
    services = {name for folder in CODE for path in folder.rglob("*.py") for name in called(path)}
    assert {"s3", "sqs", "kms"} <= services
    lines = (ROOT / "layers/Makefile").read_text(encoding="utf-8").splitlines()
    (kept,) = (line.removeprefix("SERVICES = ").split() for line in lines if line.startswith("SERVICES = "))
    assert services <= set(kept)
