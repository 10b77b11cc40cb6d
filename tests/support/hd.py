"""A wallet with private keys, which the gateway never has: BIP 32 by the private way."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import base58
from coincurve import PrivateKey, PublicKey

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HARDENED = 1 << 31
XPUB, ZPUB, TPUB, VPUB, XPRV = 0x0488B21E, 0x04B24746, 0x043587CF, 0x045F1CF6, 0x0488ADE4


@dataclass(frozen=True)
class Node:
    key: bytes
    chain_code: bytes
    depth: int = 0
    child: int = 0

    def at(self, path: str) -> Node:
        """`44'/60'/0'` below this one."""
        node = self
        for step in path.split("/"):
            node = node._step(int(step.rstrip("'")) + (HARDENED if step.endswith("'") else 0))
        return node

    def _step(self, index: int) -> Node:
        data = b"\0" + self.key if index >= HARDENED else self.public.format()
        made = hmac.new(self.chain_code, data + index.to_bytes(4, "big"), hashlib.sha512).digest()
        number = (int.from_bytes(made[:32], "big") + int.from_bytes(self.key, "big")) % ORDER
        return Node(number.to_bytes(32, "big"), made[32:], self.depth + 1, index)

    @property
    def public(self) -> PublicKey:
        return PrivateKey(self.key).public_key

    def text(self, version: int = XPUB) -> str:
        """As others are given it. The fingerprint of the parent is left out: nobody looks at it."""
        key = b"\0" + self.key if version == XPRV else self.public.format()
        head = version.to_bytes(4, "big") + bytes([self.depth]) + bytes(4) + self.child.to_bytes(4, "big")
        return base58.b58encode_check(head + self.chain_code + key).decode()


def seeded(seed: bytes) -> Node:
    made = hmac.new(b"Bitcoin seed", seed, hashlib.sha512).digest()
    return Node(made[:32], made[32:])


def from_words(words: str) -> Node:
    """BIP 39, without a passphrase."""
    return seeded(hashlib.pbkdf2_hmac("sha512", words.encode(), b"mnemonic", 2048))


def chain_settings(seed: bytes, base_url: str = "http://127.0.0.1:9") -> dict[str, str]:
    """Settings of all four chains, with accounts of their own and nodes that nobody need run."""
    root = seeded(seed)
    return {
        "EVM_XPUB": root.at("44'/60'/0'").text(),
        "ETHEREUM_RPC_URL": f"{base_url}/ethereum",
        "BSC_RPC_URL": f"{base_url}/bsc",
        "TRON_XPUB": root.at("44'/195'/0'").text(),
        "TRON_API_URL": f"{base_url}/tron",
        "BITCOIN_NETWORK": "regtest",
        "BITCOIN_XPUB": root.at("84'/1'/0'").text(VPUB),
        "BITCOIN_RPC_URL": f"{base_url}/bitcoin",
        "BITCOIN_RPC_USER": "paygate",
        "BITCOIN_RPC_PASSWORD": "a password",
    }
