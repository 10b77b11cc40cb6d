"""Addresses, hashes and signatures of TRON.

An address is 0x41 and the last 20 bytes of the public key's Keccak-256 (developers.tron.network, "Accounts"), here
always as 42 hex digits; people read it in Base58Check. A signature is r, s and a recovery id over the SHA-256 of a
transaction's raw_data.
"""

import hashlib

import base58
from coincurve import PrivateKey, PublicKey
from Crypto.Hash import keccak

HEX_LENGTH, BASE58_LENGTH = 42, 34
SIGNATURE_LENGTH = 65
NOBODY = "41" + "00" * 20


class NoAddress(ValueError):
    pass


def keccak256(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def address_of(key: PublicKey) -> str:
    return "41" + keccak256(key.format(compressed=False)[1:])[12:].hex()


def private_key(secret: str) -> PrivateKey:
    return PrivateKey(bytes.fromhex(secret))


def address_of_secret(secret: str) -> str:
    return address_of(private_key(secret).public_key)


def base58check(address: str) -> str:
    return base58.b58encode_check(bytes.fromhex(address)).decode()


def from_base58check(text: str) -> str:
    try:
        raw = base58.b58decode_check(text)
    except ValueError:
        raise NoAddress("Invalid address") from None
    return checked(raw.hex())


def checked(address: str) -> str:
    if len(address) != HEX_LENGTH or not address.startswith("41"):
        raise NoAddress("Invalid address")
    return address


def any_form(text: str) -> str:
    """Read either form, as the sandbox's own door takes it."""
    if len(text) == BASE58_LENGTH:
        return from_base58check(text)
    try:
        return checked(bytes.fromhex(text).hex())
    except ValueError:
        raise NoAddress("Invalid address") from None


def sign(secret: str, digest: bytes) -> bytes:
    return private_key(secret).sign_recoverable(digest, hasher=None)


def signer(signature: bytes, digest: bytes) -> str:
    """Whose signature that is; ValueError when it is nobody's."""
    if len(signature) < SIGNATURE_LENGTH:
        raise ValueError(f"Signature size is {len(signature)}")
    recovery = signature[64] - 27 if signature[64] >= 27 else signature[64]  # noqa: PLR2004  Bitcoin's header byte
    try:
        key = PublicKey.from_signature_and_message(signature[:64] + bytes([recovery]), digest, hasher=None)
    except Exception as error:  # coincurve raises a bare Exception for a point that is on no curve
        raise ValueError("Header byte out of range or no such key") from error
    return address_of(key)
