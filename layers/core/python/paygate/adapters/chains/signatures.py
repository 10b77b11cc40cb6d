"""Who signed: from a signature over secp256k1, the key of the address that it is of (SEC 1, section 4.1.6)."""

from __future__ import annotations

from paygate.adapters.chains.addresses.evm import EvmEncoding

_WORD_BYTES = 32
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def signer(digest: bytes, r: int, s: int, recovery: int) -> str:
    """Ethereum's and TRON's keys are made alike. Raises ValueError when it is nobody's."""
    from coincurve import PublicKey  # noqa: PLC0415

    try:
        signature = r.to_bytes(_WORD_BYTES, "big") + s.to_bytes(_WORD_BYTES, "big") + bytes([recovery])
        public = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception:  # noqa: BLE001  coincurve raises a bare one for what is no point
        raise ValueError("is nobody's signature") from None
    return EvmEncoding().of_point(public.format(compressed=False))


def recovery_of(digest: bytes, r: int, s: int, key: str) -> int:
    """Which of the keys that a signature may be of is this address's. Raises ValueError when neither is.

    The two others that there could be, of an r above the order, are no chain's to take (and one in 2^127).
    """
    for recovery in (0, 1):
        try:
            if signer(digest, r, s, recovery) == key:
                return recovery
        except ValueError:
            continue
    raise ValueError("is not the treasury's signature")
