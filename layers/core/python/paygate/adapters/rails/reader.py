"""A rail's settings, read once; what is wrong is collected by name, and no value is ever shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.rails import keys
from paygate.settings_reader import SettingsReader as Reader

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.x509 import Certificate


class SettingsReader(Reader):
    """What rails need beside: keys and certificates."""

    def private_key(self, name: str, validated: str) -> RSAPrivateKey | None:
        """Required. `validated` names the setting that promises, by 1, that the key was fully checked once."""
        text = self.required(name)
        try:
            return keys.private_key(text, is_validated=self._env.get(validated) == "1") if text else None
        except ValueError:
            self.faults.append(f"{name} must be an RSA private key of 2048 bits or more")
            return None

    def public_key(self, name: str) -> RSAPublicKey | None:
        """Required."""
        text = self.required(name)
        try:
            return keys.public_key(text) if text else None
        except ValueError:
            self.faults.append(f"{name} must be an RSA public key of 2048 bits or more")
            return None

    def certificates(self, name: str) -> list[Certificate]:
        """Required."""
        text = self.required(name)
        found = keys.certificates(text)
        if text and not found:
            self.faults.append(f"{name} must hold an RSA certificate as PEM text")
        return found
