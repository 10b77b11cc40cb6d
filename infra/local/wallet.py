"""The local stack's own wallet: random once, kept beside the data, in nobody's settings.

The gateway gets its accounts' public keys and the treasuries' addresses. Who spends from them for a test or by hand
takes a private key from here:

    Wallet(stack.directory).private_key("m/44'/60'/0'/0/7")     a payment's address, by its path
    Wallet(stack.directory).private_key(TREASURIES["ethereum"])
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from infra.local.secret_store import write_private

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1 (SEC 2, section 2.4.1)
HARDENED = 1 << 31
SEED_BYTES = 32
XPUB, VPUB = 0x0488B21E, 0x045F1CF6  # BIP 32; SLIP 132 for BIP 84 on a test network

EVM_ACCOUNT, TRON_ACCOUNT, BITCOIN_ACCOUNT = "m/44'/60'/0'", "m/44'/195'/0'", "m/84'/1'/0'"
TREASURIES = {
    "ethereum": "m/44'/60'/1'/0/0",
    "bsc": "m/44'/60'/1'/0/0",
    "tron": "m/44'/195'/1'/0/0",
    "bitcoin": "m/84'/1'/1'/0/0",
}


@dataclass(frozen=True)
class Key:
    """A private key that others derive from (BIP 32)."""

    secret: bytes
    chain_code: bytes
    depth: int = 0
    parent: bytes = bytes(4)
    index: int = 0

    def at(self, path: str) -> "Key":
        """`m/44'/60'/0'`, from the root."""
        key = self
        for step in path.split("/")[1:]:
            key = key._child(int(step.removesuffix("'")) + (HARDENED if step.endswith("'") else 0))
        return key

    def _child(self, index: int) -> "Key":
        """BIP 32, "Private parent key → private child key"."""
        data = b"\0" + self.secret if index >= HARDENED else self.public
        made = hmac.digest(self.chain_code, data + index.to_bytes(4, "big"), "sha512")
        number = (int.from_bytes(made[:32], "big") + int.from_bytes(self.secret, "big")) % ORDER
        return Key(number.to_bytes(32, "big"), made[32:], self.depth + 1, self._fingerprint, index)

    @property
    def public(self) -> bytes:
        return self._point(is_compressed=True)

    @property
    def uncompressed(self) -> bytes:
        return self._point(is_compressed=False)

    def extended_public(self, version: int) -> str:
        """BIP 32, "Serialization format"."""
        import base58

        head = version.to_bytes(4, "big") + bytes([self.depth]) + self.parent + self.index.to_bytes(4, "big")
        return base58.b58encode_check(head + self.chain_code + self.public).decode()

    @property
    def _fingerprint(self) -> bytes:
        from Crypto.Hash import RIPEMD160

        return RIPEMD160.new(hashlib.sha256(self.public).digest()).digest()[:4]

    def _point(self, *, is_compressed: bool) -> bytes:
        import coincurve

        return coincurve.PrivateKey(self.secret).public_key.format(compressed=is_compressed)


def root(seed: bytes) -> Key:
    """BIP 32, "Master key generation"."""
    made = hmac.digest(b"Bitcoin seed", seed, "sha512")
    return Key(made[:32], made[32:])


class Wallet:
    """The one below `directory`, made if there is none."""

    def __init__(self, directory: Path) -> None:
        path = directory / "wallet_seed"
        if not path.exists():
            directory.mkdir(parents=True, exist_ok=True)
            write_private(path, secrets.token_hex(SEED_BYTES))
        self._root = root(bytes.fromhex(path.read_text()))

    def private_key(self, path: str) -> bytes:
        return self._root.at(path).secret

    def settings(self, networks: Collection[str]) -> dict[str, str]:
        """What the gateway is told, for the networks that have a node: half a chain's settings are a fault."""
        accounts = {
            "EVM_XPUB": (("ethereum", "bsc"), EVM_ACCOUNT, XPUB),
            "TRON_XPUB": (("tron",), TRON_ACCOUNT, XPUB),
            "BITCOIN_XPUB": (("bitcoin",), BITCOIN_ACCOUNT, VPUB),
        }
        keys = {
            name: self._root.at(path).extended_public(version)
            for name, (users, path, version) in accounts.items()
            if not set(users).isdisjoint(networks)
        }
        return keys | {f"{network.upper()}_TREASURY": self.treasury(network) for network in networks}

    def treasury(self, network: str) -> str:
        """Where the network's money is collected, and its refunds are paid from."""
        return self.address(network, TREASURIES[network])

    def address(self, network: str, path: str) -> str:
        from paygate.adapters.chains.addresses.bitcoin import NETWORKS
        from paygate.adapters.chains.addresses.evm import EvmEncoding
        from paygate.adapters.chains.addresses.tron import TronEncoding

        encodings = {"ethereum": EvmEncoding(), "bsc": EvmEncoding(), "tron": TronEncoding()}
        encoding = encodings.get(network) or NETWORKS["regtest"]
        return encoding.text(encoding.of_point(self._root.at(path).uncompressed))
