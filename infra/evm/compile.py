"""Compile solidity/ into contracts.json: python -m infra.evm.compile. Needs what infra/local/node.sh installs.

The outcome is kept beside its source: a stack starts without a compiler, and a test compiles again and compares.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCES = HERE / "solidity"
COMPILED = HERE / "contracts.json"
SOLC = HERE.parent / "local/node/node_modules/solc/solc.js"
WANTED = ["evm.bytecode.object", "evm.methodIdentifiers"]


class CompilationFailed(Exception):
    pass


def compiled() -> dict[str, Any]:
    """By contract: `bytecode`, to which a constructor's arguments are added, and `selectors` by signature."""
    contracts = _ask_compiler()["contracts"]
    return {
        name: {"bytecode": made["evm"]["bytecode"]["object"], "selectors": made["evm"]["methodIdentifiers"]}
        for file in sorted(contracts)
        for name, made in sorted(contracts[file].items())
        if made["evm"]["bytecode"]["object"]
    }


def _ask_compiler() -> dict[str, Any]:
    sources = {path.name: {"content": path.read_text()} for path in sorted(SOURCES.glob("*.sol"))}
    settings = {"optimizer": {"enabled": True}, "outputSelection": {"*": {"*": WANTED}}}
    order = json.dumps({"language": "Solidity", "sources": sources, "settings": settings})
    run = subprocess.run(  # noqa: S603
        ["node", str(SOLC), "--standard-json"],  # noqa: S607
        input=order,
        capture_output=True,
        text=True,
        check=True,
    )
    # Lines before the document are the compiler's own remarks.
    answer: dict[str, Any] = json.loads(run.stdout[run.stdout.index("{") :])
    errors = [error["formattedMessage"] for error in answer.get("errors", []) if error["severity"] == "error"]
    if errors:
        raise CompilationFailed("\n".join(errors))
    return answer


if __name__ == "__main__":
    COMPILED.write_text(json.dumps(compiled(), indent=2) + "\n")
