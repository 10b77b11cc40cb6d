"""Where an address's private key is to be found by whoever has the wallet (BIP 32, "Key identifiers")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.addresses.branch import Branch
from paygate.adapters.chains.addresses.hashing import hash160

if TYPE_CHECKING:
    from paygate.adapters.chains.addresses.account import AccountKey
    from paygate.sweep_ports import PaidAddress

_EXTERNAL = 0


class Origins:
    """Of addresses of this account; those of an account that was configured before have their path only."""

    def __init__(self, account: AccountKey) -> None:
        self._account = account
        self._branch = Branch(account)
        self._fingerprint = hash160(account.point)[:4] if account.point else b""

    def told(self, paid: PaidAddress) -> dict[str, Any]:
        """`accountFingerprint` is of the account's key: an xpub does not name the wallet's master."""
        told: dict[str, Any] = {"address": paid.address, "path": paid.path}
        return told | ({"accountFingerprint": self._fingerprint.hex()} if self._is_known(paid) else {})

    def derivation(self, paid: PaidAddress) -> tuple[bytes, bytes] | None:
        """As a PSBT has it (BIP 174, PSBT_IN_BIP32_DERIVATION): the public key, and where it stands below the
        account's key, which stands in for a master.
        """
        if not self._is_known(paid):
            return None
        point = self._branch.point(paid.index)
        steps = b"".join(step.to_bytes(4, "little") for step in (_EXTERNAL, paid.index))
        return bytes([2 + (point[-1] & 1)]) + point[1:33], self._fingerprint + steps

    def _is_known(self, paid: PaidAddress) -> bool:
        return paid.account == self._account.name
