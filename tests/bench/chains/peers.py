"""How others look at the same blocks, on the same node, beside our poll of them.

ethereum-etl exports the token's transfers into a file: it matches nothing and keeps no cursor. A gateway that asks
each open address for its balance learns of no blocks, nor of who paid with what, and asks as many again next time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from paygate.adapters.chains.addresses.evm import EvmEncoding
from tests.bench.chains.made import BLOCKS
from tests.bench.figures import Figure
from tests.bench.peers.environment import NotInstalled, interpreter, last_line
from tests.bench.world import processor_seconds, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.chains.bare import Bare
    from tests.bench.chains.made import Made

REQUIREMENTS = Path("tests/bench/peers/ethereum_etl.txt")
HOME = Path(".local/peers_ethereum_etl")
ADDRESSES = 1_000


def measure(made: Made, bare: Bare, ours: float) -> Iterator[Figure]:
    """`value` is the peer's, `floor` our poll: the ratio says how many times as long the peer takes."""
    before = time.process_time() + processor_seconds("anvil")
    bare.balances(ADDRESSES)
    seconds = time.process_time() + processor_seconds("anvil") - before
    note = f"one look at {ADDRESSES:,} addresses, against our poll"
    yield Figure("balance_of_polling", seconds, ours, "s", note=note)
    try:
        seconds = _export(made)
    except NotInstalled as reason:
        say(f"ethereum-etl was not measured: {reason}")
        return
    yield Figure("ethereum_etl_transfers", seconds, ours, "s", note=f"{BLOCKS:,} blocks, against our poll")


def _export(made: Made) -> float:
    home = interpreter(_python(), HOME, REQUIREMENTS).parent.absolute()
    with TemporaryDirectory() as folder:
        out = Path(folder) / "transfers.csv"
        blocks = ["--start-block", str(made.first), "--end-block", str(made.last)]
        token = EvmEncoding().text(made.token.removeprefix("0x"))  # it takes no other
        where = ["--provider-uri", made.url, "--tokens", token, "--output", str(out)]
        command = [str(home / "python"), str(home / "ethereumetl"), "export_token_transfers", *blocks, *where]
        before = _used()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = _used() - before
        if done.returncode:
            raise NotInstalled(last_line(done.stderr))
        lines = len(out.read_text().splitlines()) - 1
    if lines != made.transfers:
        raise NotInstalled(f"it told of {lines} transfers")
    return seconds


def _used() -> float:
    gone = os.times()
    return gone.children_user + gone.children_system + processor_seconds("anvil")


def _python() -> Path:
    """It runs on Python 3.9 and not on ours; pyenv's is not on the PATH."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    on_path = shutil.which("python3.9")
    for found in (*sorted(pyenv.glob("versions/3.9.*/bin/python")), *([Path(on_path)] if on_path else [])):
        if subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
            return found
    raise NotInstalled("it needs Python 3.9, which is not installed")
