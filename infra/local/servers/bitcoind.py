"""Bitcoin Core (or one that is compatible) on a chain of its own, where one is installed.

BITCOIND names the program; without it, it is looked for on the PATH.
"""

import contextlib
import os
import secrets
import shutil
from pathlib import Path

import requests

from infra.local.ports import neighbours
from infra.local.server import Server, StartFailed
from infra.sandbox.bitcoin import faucet
from infra.sandbox.bitcoin.client import NodeRpc, RpcRefused

PROGRAM = "BITCOIND"
USER = "local"
WARMING_UP = -28


class Bitcoind(Server):
    """`bitcoind -regtest` without peers, with a wallet full of mature coins (infra/sandbox/bitcoin/faucet.py).

    Its chain survives a restart and a kill, its mempool a restart only.
    """

    name = "bitcoind"
    start_seconds = 60.0

    def command(self) -> list[str]:
        found = binary()
        if found is None:
            raise StartFailed(f"No bitcoind: put one on the PATH, or name it in {PROGRAM}.")
        places = [f"-datadir={self.data}", f"-conf={self.directory / 'bitcoin.conf'}"]
        return [str(found), *places, f"-rpcport={self.port}"]

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def prepare(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        word = self.directory / "password"
        if not word.exists() or not word.read_text():
            word.touch(mode=0o600)
            word.write_text(secrets.token_hex(24))
        self._password = word.read_text()
        configuration = self.directory / "bitcoin.conf"
        configuration.touch(mode=0o600)
        allowed = "".join(f"rpcallowip={each}\n" for each in neighbours(self.host))
        configuration.write_text(
            "regtest=1\nserver=1\ntxindex=1\nprinttoconsole=1\nnodebuglogfile=1\n"
            "dnsseed=0\nfixedseeds=0\nlisten=0\nfallbackfee=0.00010000\ndbcache=16\n"
            "addresstype=bech32\nchangetype=bech32\nunsafesqlitesync=1\n"
            f"[regtest]\nrpcbind={self.host}\n{allowed}rpcuser={USER}\nrpcpassword={self._password}\n"
        )

    def is_ready(self) -> bool:
        with contextlib.closing(self.rpc()) as node:
            try:
                node.call("getblockcount")
            except requests.ConnectionError:
                return False
            except RpcRefused as refused:
                if refused.code != WARMING_UP:
                    raise
                return False
            faucet.fill(node)
        return True

    def kill(self) -> None:
        """A node without peers cannot fetch again what it had not written down, so that is written first."""
        if self.is_running:
            with contextlib.closing(self.rpc(timeout=1)) as node, contextlib.suppress(requests.RequestException):
                node.call("gettxoutsetinfo", "none")
        super().kill()

    def rpc(self, timeout: float = 60) -> NodeRpc:
        return NodeRpc(self.url, USER, self._password, timeout)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        return {
            "BITCOIN_RPC_URL": self.url,
            "BITCOIN_RPC_USER": USER,
            "BITCOIN_RPC_PASSWORD": self._password,
            "BITCOIN_NETWORK": "regtest",
        }


def binary() -> Path | None:
    """Where a bitcoind is, if there is one. A BITCOIND that names no program is a mistake."""
    named = os.environ.get(PROGRAM)
    found = shutil.which(named or "bitcoind")
    if named and found is None:
        raise StartFailed(f"{PROGRAM} names no program.")
    return Path(found) if found else None
