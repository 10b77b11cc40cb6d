"""The private network's genesis, made once per directory: who is rich, who makes blocks, where contracts are."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from infra.sandbox.keys import make_once
from infra.sandbox.tron.keys import address_of_secret, base58check, keccak256, sha256

WITNESSES = 27
CONTRACTS = ("usdt", "lookalike", "batch")


@dataclass(frozen=True)
class Network:
    """`payer` is the secret of the rich account, which also owns the contracts; all addresses are in hex."""

    payer: str
    payer_address: str
    contracts: dict[str, str]
    witnesses: tuple[str, ...]
    """Their secrets: they take turns."""

    @property
    def usdt(self) -> str:
        return self.contracts["usdt"]

    def is_contract(self, address: str) -> bool:
        return address in self.contracts.values()


def provision(directory: Path, base_url: str = "") -> dict[str, str]:
    network = load(directory)
    return {"TRON_API_URL": f"{base_url}/tron", "TRON_USDT_CONTRACT": base58check(network.usdt)}


def load(directory: Path) -> Network:
    folder = Path(directory) / "network"
    make_once(folder, _write)
    seed = json.loads((folder / "genesis.json").read_text())["seed"]
    payer = _secret(seed, "payer")
    owner = address_of_secret(payer)
    contracts = {name: "41" + keccak256(f"{name} {owner}".encode())[12:].hex() for name in CONTRACTS}
    witnesses = tuple(_secret(seed, f"witness {number}") for number in range(WITNESSES))
    return Network(payer, owner, contracts, witnesses)


def _write(folder: Path) -> None:
    path = folder / "genesis.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"seed": secrets.token_hex(32)}))


def _secret(seed: str, purpose: str) -> str:
    return sha256(f"{purpose} {seed}".encode()).hex()
