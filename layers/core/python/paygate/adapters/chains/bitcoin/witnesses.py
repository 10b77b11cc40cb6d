"""Whether an input that spends a witness public key hash is signed by that key (BIP 141, "P2WPKH"; BIP 143)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.chains.addresses.hashing import hash160

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.chains.bitcoin.drafts import Draft

_ALL = 1  # the signature covers every input and output
_ITEMS, _COMPRESSED = 2, 33


def is_signed(draft: Draft, place: int, witness: Sequence[bytes]) -> bool:
    """A high s is none, as for the nodes (BIP 146, "LOW_S"): the library takes no other."""
    from coincurve import PublicKey  # noqa: PLC0415

    if len(witness) != _ITEMS:
        return False
    signature, key = witness
    is_key = len(key) == _COMPRESSED and hash160(key).hex() == draft.coins[place].script[4:]
    if not is_key or not signature or signature[-1] != _ALL:
        return False
    try:
        return PublicKey(key).verify(signature[:-1], draft.digest(place), hasher=None)
    except ValueError:
        return False
