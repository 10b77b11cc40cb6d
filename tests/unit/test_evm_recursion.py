"""What web3 loads changes nothing for the rest of the process."""

from __future__ import annotations

import subprocess
import sys

from infra.local.server import ROOT

LOAD = """
import sys
sys.path.insert(0, sys.argv[1])
from paygate.adapters.chains.evm.node import Node
before = sys.getrecursionlimit()
Node("http://127.0.0.1:9", None).provider
assert "web3" in sys.modules
print(before == sys.getrecursionlimit())
"""


def test_json_that_is_nested_too_deep_still_ends_in_an_error() -> None:
    code = str(ROOT / "layers" / "core" / "python")
    done = subprocess.run([sys.executable, "-c", LOAD, code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"]
