"""Calls of a token's contract, in words of 32 bytes (ERC-20; Solidity's "Contract ABI Specification")."""

from __future__ import annotations

_TRANSFER = "a9059cbb"  # the first four bytes of the Keccak of transfer(address,uint256)
_BALANCE_OF = "70a08231"  # and of balanceOf(address)
WORD_BYTES = 32
_WORD_DIGITS = 2 * WORD_BYTES


def transfer(key: str, units: int) -> bytes:
    return bytes.fromhex(_TRANSFER + key.rjust(_WORD_DIGITS, "0")) + units.to_bytes(WORD_BYTES, "big")


def balance_of(key: str) -> bytes:
    return bytes.fromhex(_BALANCE_OF + key.rjust(_WORD_DIGITS, "0"))
