"""Private keys and seeds, wherever they are set: none belongs on this server, which only watches.

What cannot be anything else is found in every variable: extended private keys (BIP 32, SLIP 132) and wallet import
format. Bare hexadecimal keys and lists of words (BIP 39) are looked for in variables that are named after a chain.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from paygate.adapters.chains.addresses import base58check

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHAINS = ("EVM_", "ETHEREUM_", "ETH_", "BSC_", "TRON_", "BITCOIN_", "BTC_", "USDT_")
_COOKIE = "BITCOIN_RPC_PASSWORD"  # Core's own cookie is 64 hex digits
_EXTENDED = re.compile(r"\b[a-zA-Z]prv[1-9A-HJ-NP-Za-km-z]{80,}", re.ASCII)
_HEX = re.compile(r"(0x)?(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{128})", re.ASCII)  # a key; a seed
_IMPORT = re.compile(r"[5KL9c][1-9A-HJ-NP-Za-km-z]{50,51}", re.ASCII)
_IMPORT_VERSIONS, _IMPORT_BYTES = (0x80, 0xEF), (33, 34)
_WORD_COUNTS = (12, 15, 18, 21, 24)


def find_private_keys(env: Mapping[str, str]) -> tuple[str, ...]:
    """A fault for each variable that holds one, without a letter of it."""
    return tuple(
        f"{name} holds a private key or a seed: nothing that can spend belongs on this server"
        for name, value in env.items()
        if _is_secret(name, value.strip())
    )


def _is_secret(name: str, text: str) -> bool:
    if _EXTENDED.search(text) or (_IMPORT.fullmatch(text) and _is_import_format(text)):
        return True
    if not name.startswith(_CHAINS):
        return False
    return bool(name != _COOKIE and _HEX.fullmatch(text)) or _is_word_list(text)


def _is_import_format(text: str) -> bool:
    try:
        payload = base58check.decode(text)
    except ValueError:
        return False
    return payload[0] in _IMPORT_VERSIONS and len(payload) in _IMPORT_BYTES


def _is_word_list(text: str) -> bool:
    words = re.split(r"[\s,]+", text)
    return len(words) in _WORD_COUNTS and all(word.isalpha() for word in words)
