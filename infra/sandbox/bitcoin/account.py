"""Who may call the simulated node: made once, by whoever comes first."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from infra.sandbox.keys import make_once

PATH = "/bitcoin"
USER = "gateway"


@dataclass(frozen=True)
class Account:
    user: str
    password: str


def load(directory: Path) -> Account:
    make_once(directory / "account", _make)
    return Account(USER, (directory / "account" / "password").read_text())


def provision(directory: Path, base_url: str = "") -> dict[str, str]:
    """What a gateway needs to read the node, but for its public key."""
    account = load(Path(directory))
    return {
        "BITCOIN_RPC_URL": f"{base_url}{PATH}",
        "BITCOIN_RPC_USER": account.user,
        "BITCOIN_RPC_PASSWORD": account.password,
        "BITCOIN_NETWORK": "regtest",
    }


def _make(folder: Path) -> None:
    word = folder / "password"
    word.touch(mode=0o600)
    word.write_text(secrets.token_hex(24))
