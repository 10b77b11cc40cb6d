"""Wallets with private keys, which the gateway never has, and their accounts as settings.

Keys are derived by the local stack's wallet (infra/local/wallet.py), the private way. The gateway derives addresses
the public way, in code of its own, so either is a check of the other; the wallet is itself held to BIP 32's and
BIP 84's vectors and to another library (tests/infra/test_local_wallet.py).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import base58
from coincurve import PublicKey

from infra.local.wallet import VPUB, XPUB, root

if TYPE_CHECKING:
    from infra.local.wallet import Key

ZPUB, TPUB, XPRV = 0x04B24746, 0x043587CF, 0x0488ADE4


@dataclass(frozen=True)
class Node:
    _derived: Key

    def at(self, path: str) -> Node:
        """`44'/60'/0'` below this one."""
        return Node(self._derived.at(f"m/{path}"))

    @property
    def key(self) -> bytes:
        return self._derived.secret

    @property
    def public(self) -> PublicKey:
        return PublicKey(self._derived.public)

    def text(self, version: int = XPUB) -> str:
        """As others are given it."""
        public = self._derived.extended_public(version)
        if version != XPRV:
            return public
        return base58.b58encode_check(base58.b58decode_check(public)[:-33] + b"\0" + self.key).decode()


def seeded(seed: bytes) -> Node:
    return Node(root(seed))


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
