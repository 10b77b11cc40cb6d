"""The public keys that an account receives at: m / … / account' / 0 / index (BIP 44, "Change").

A child's point is the parent's plus what HMAC-SHA-512 makes of it and the index (BIP 32, "Public
parent key → public child key"): it takes no private key, and whoever holds one finds the same.
"""

from __future__ import annotations

import hmac
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coincurve import PublicKey

    from paygate.adapters.chains.addresses.account import AccountKey

_EXTERNAL = 0
_END = 0x8000_0000  # hardened ones take the private key


class Branch:
    """Of one account. The step to the branch is taken once."""

    def __init__(self, account: AccountKey) -> None:
        self._account = account

    def point(self, index: int) -> bytes:
        """Uncompressed, 65 bytes. Raises ValueError for an index without a key: one in 2^127, and from 2^31 on."""
        parent, written, chain_code = self._external
        found, _ = child(parent, written, chain_code, index)
        return found.format(compressed=False)

    def path(self, index: int) -> str:
        return f"{self._account.path}/{_EXTERNAL}/{index}"

    @cached_property
    def _external(self) -> tuple[PublicKey, bytes, bytes]:
        from coincurve import PublicKey  # noqa: PLC0415

        parent, chain_code = child(
            PublicKey(self._account.point), self._account.point, self._account.chain_code, _EXTERNAL
        )
        return parent, parent.format(), chain_code


def child(parent: PublicKey, written: bytes, chain_code: bytes, index: int) -> tuple[PublicKey, bytes]:
    """A child's point and chain code. `written` is the parent's point, compressed."""
    if not 0 <= index < _END:
        raise ValueError("no address has this index")
    made = hmac.digest(chain_code, written + index.to_bytes(4, "big"), "sha512")
    return parent.add(made[:32]), made[32:]
