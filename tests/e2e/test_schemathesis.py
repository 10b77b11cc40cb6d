"""No request gives a 5xx while the parts are up, and every answer is as docs/openapi.yaml says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.rails import rail_sandboxes

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from tests.support.shop import Shop

ROOT = Path(__file__).resolve().parents[2]
NOT_CHECKED = (
    "positive_data_acceptance"  # what a schema cannot say (an unpaid payment's refund) is refused, rightly
)
CASES_AT_LEAST = 300


@pytest.mark.timeout(300)
def test_whatever_is_sent_the_answer_is_as_documented(stack: Stack, shop: Shop, tmp_path: Path) -> None:
    for rail in rail_sandboxes(stack.sandbox.url).values():
        rail.clear_faults()  # of tests before, whose payments are found here: no answer of a rail is a 503
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(ROOT / "docs" / "openapi.yaml")),
        *("--url", stack.gateway.url),
        *("--header", f"Authorization: Bearer {shop.api_key}"),
        *("--phases", "examples,coverage,fuzzing,stateful"),
        *("--max-examples", os.environ.get("SCHEMATHESIS_EXAMPLES", "12")),
        *("--seed", os.environ.get("SCHEMATHESIS_SEED", "1")),
        *("--exclude-checks", NOT_CHECKED),
        *("--request-timeout", "30"),
        *("--warnings", "off"),
        "--continue-on-failure",
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.e2e.schemathesis_hooks", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **hooks}, capture_output=True, text=True, check=False
    )
    told = run.stdout[-20_000:] + run.stderr[-2_000:]
    assert run.returncode == 0, told
    generated = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    assert generated is not None, told
    assert int(generated[1]) == int(generated[2]) > CASES_AT_LEAST
    assert shop.call("GET", "/payments").json()["payments"], "no request got as far as a payment"
