"""Bitcoin's addresses. Ours pay to a witness public key hash (BIP 84); others' may be of any kind.

A key is the output script: P2PKH and P2SH behind Base58Check (BIP 13), witness programs behind Bech32 (BIP 141).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from paygate.adapters.chains.addresses import base58check, bech32
from paygate.adapters.chains.addresses.hashing import hash160

_OP_1 = 0x51
_BYTES = 21
_P2PKH, _P2SH = re.compile("76a914([0-9a-f]{40})88ac"), re.compile("a914([0-9a-f]{40})87")
_WITNESS = re.compile("(00|5[1-9a-f]|60)([0-9a-f]{2})((?:[0-9a-f]{2}){2,40})")


@dataclass(frozen=True, slots=True)
class BitcoinEncoding:
    """`bech32`, `pubkey_hash` and `script_hash` are what addresses begin with (Core, chainparams.cpp)."""

    bech32: str
    pubkey_hash: int
    script_hash: int

    def of_point(self, point: bytes, /) -> str:
        compressed = bytes([2 + (point[-1] & 1)]) + point[1:33]
        return "0014" + hash160(compressed).hex()

    def text(self, key: str, /) -> str:
        if witness := _WITNESS.fullmatch(key):
            version, program = int(witness[1], 16), bytes.fromhex(witness[3])
            if len(program) == int(witness[2], 16):
                return bech32.encode(self.bech32, version and version - _OP_1 + 1, program)
        for form, version in ((_P2PKH, self.pubkey_hash), (_P2SH, self.script_hash)):
            if found := form.fullmatch(key):
                return base58check.encode(bytes([version]) + bytes.fromhex(found[1]))
        raise ValueError("this script has no address")

    def key(self, text: str, /) -> str:
        if "1" in text and text.lower().rpartition("1")[0] in {network.bech32 for network in NETWORKS.values()}:
            version, program = bech32.decode(self.bech32, text)
            return bytes([version and version + _OP_1 - 1, len(program)]).hex() + program.hex()
        return self._legacy(text)

    def _legacy(self, text: str) -> str:
        decoded = base58check.decode(text)
        scripts = {self.pubkey_hash: ("76a914", "88ac"), self.script_hash: ("a914", "87")}
        if len(decoded) != _BYTES or decoded[0] not in scripts:
            raise ValueError("is of another network, or no address")
        before, behind = scripts[decoded[0]]
        return before + decoded[1:].hex() + behind


NETWORKS = {
    "main": BitcoinEncoding("bc", 0x00, 0x05),
    "test": BitcoinEncoding("tb", 0x6F, 0xC4),
    "signet": BitcoinEncoding("tb", 0x6F, 0xC4),
    "regtest": BitcoinEncoding("bcrt", 0x6F, 0xC4),
}
