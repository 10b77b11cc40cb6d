"""An Ethereum or BSC node of our own: anvil, with a Tether-shaped token on it.

Its newest blocks become `safe` after one epoch and `finalized` after two, so `slots_in_an_epoch` 1 calls a block
final two blocks later. A transaction is mined at once; `block_seconds` adds empty blocks at that pace.

Unless `keeps_chain` is False the chain is written down every few seconds and at the end, with the states of its
last blocks, so that their balances and traces are known after a restart. A reorg then reaches back to the restart
and no further: anvil 1.7.1 reads such states without their contracts' code.
"""

import contextlib
import gzip
import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from infra.evm.contracts import TETHER, deploy
from infra.evm.rpc import CALL_SECONDS, Node
from infra.local.secret_store import write_private
from infra.local.server import Server, StartFailed

PACKAGES = Path(__file__).parents[1] / "node/node_modules/@foundry-rs"
ETHER_EACH = 10**12  # as many as its accounts may need
SAVE_SECONDS = 10
KEPT_STATES = 64  # as deep as a chain can turn, and as balances of earlier blocks are known
KEPT_STATES_ON_DISK = 16


@dataclass(frozen=True)
class Network:
    name: str
    chain_id: int
    token_decimals: int


ETHEREUM = Network("ethereum", 1, 6)
BSC = Network("bsc", 56, 18)


class Anvil(Server):
    start_seconds = 30.0

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        *,
        network: Network = ETHEREUM,
        slots_in_an_epoch: int = 1,
        block_seconds: int | None = None,
        keeps_chain: bool = True,
    ) -> None:
        super().__init__(directory, port)
        self.network = network
        self.name = network.name
        self.slots_in_an_epoch = slots_in_an_epoch
        self.block_seconds = block_seconds
        self.keeps_chain = keeps_chain

    def command(self) -> list[str]:
        where = ["--host", self.host, "--port", str(self.port), "--quiet", "--no-cors"]
        chain = ["--chain-id", str(self.network.chain_id), "--slots-in-an-epoch", str(self.slots_in_an_epoch)]
        chain += ["--balance", str(ETHER_EACH), "--no-request-size-limit"]
        if self.block_seconds is not None:
            chain += ["--block-time", str(self.block_seconds), "--mixed-mining"]
        states = KEPT_STATES_ON_DISK if self.keeps_chain else KEPT_STATES
        kept = ["--prune-history", str(max(states, 3 * self.slots_in_an_epoch))]
        if self.keeps_chain:
            kept += ["--state", str(self.state), "--state-interval", str(SAVE_SECONDS)]
            kept += ["--preserve-historical-states"]
        return [binary(), *where, *chain, *kept, "--cache-path", str(self.directory / "cache")]

    def environment(self) -> Mapping[str, str]:
        """Whatever else the shell sets for anvil is not meant for this one."""
        return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}

    def prepare(self) -> None:
        """A node that was killed while it wrote left half a file; then the one before it counts."""
        self.state.with_suffix(".new").unlink(missing_ok=True)
        if not self.state.exists():
            return
        spare = self.state.with_suffix(".spare")
        try:
            json.loads(self.state.read_bytes())
        except ValueError:
            self.state.unlink()
            if spare.exists():
                shutil.copyfile(spare, self.state)
        else:
            draft = self.state.with_suffix(".new")
            shutil.copyfile(self.state, draft)
            draft.replace(spare)

    def is_ready(self) -> bool:
        with contextlib.closing(self.node()) as node:
            try:
                node.call("eth_chainId")
            except requests.ConnectionError:
                return False
            deploy(node, self.network.token_decimals)
        return True

    def kill(self) -> None:
        """A node without peers cannot fetch again what it had not written down, so that is written first."""
        if self.is_running and self.keeps_chain:
            with contextlib.suppress(requests.RequestException):  # it hangs, or is gone already
                self._save()
        super().kill()

    def _save(self) -> None:
        with contextlib.closing(self.node(timeout=2)) as node:
            packed = node.call("anvil_dumpState", True)  # noqa: FBT003 (with the states of the last blocks)
        write_private(self.state, gzip.decompress(bytes.fromhex(packed[2:])).decode())

    def node(self, timeout: float = CALL_SECONDS) -> Node:
        return Node(self.url, timeout)

    @property
    def state(self) -> Path:
        return self.directory / "state.json"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """Settings by which the gateway and the sandbox find it."""
        prefix = self.network.name.upper()
        return {
            f"{prefix}_RPC_URL": self.url,
            f"{prefix}_CHAIN_ID": str(self.network.chain_id),
            f"{prefix}_USDT_CONTRACT": TETHER,
        }


def binary() -> str:
    """The program for this machine among npm's packages, or one on the PATH."""
    cpu = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    packaged = PACKAGES / f"anvil-{sys.platform}-{cpu}/bin/anvil"
    found = str(packaged) if packaged.exists() else shutil.which("anvil")
    if found is None:
        raise StartFailed("anvil is not installed: `sh infra/local/node.sh` does it, and needs Node 18 or later.")
    return found
