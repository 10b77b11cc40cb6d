"""Issue and revoke API keys."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paygate.domain.errors import InvalidField, NotFound
from paygate.ports import StoredKey

if TYPE_CHECKING:
    from collections.abc import Collection

    from paygate.ports import KeyStore

BEARER, SIGNING = "BEARER", "SIGNING"
SCOPES = ("payments:write", "payments:read", "refunds:write", "statements:write", "admin")
_ID_BYTES, _SECRET_BYTES = 10, 32


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key; the only time that its secret is seen. A bearer key's `token` is what callers send."""

    id: str
    secret: str

    @property
    def token(self) -> str:
        return f"{self.id}.{self.secret}"


def hash_secret(pepper: bytes, secret: bytes) -> bytes:
    """What is stored of a bearer key's secret: HMAC-SHA256 under a pepper that is not in the database."""
    return hmac.digest(pepper, secret, "sha256")


class ApiKeys:
    def __init__(self, keys: KeyStore, pepper: bytes) -> None:
        self._keys = keys
        self._pepper = pepper

    def issue(self, name: str, kind: str, scopes: Collection[str]) -> IssuedKey:
        """Raises InvalidField for a kind or scope that does not exist."""
        if kind not in (BEARER, SIGNING):
            raise InvalidField("kind", f"is {BEARER} or {SIGNING}")
        for scope in scopes:
            if scope not in SCOPES:
                raise InvalidField("scopes", f"are of {', '.join(SCOPES)}")
        issued = IssuedKey("pk_" + secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES))
        secret = issued.secret.encode()
        is_bearer = kind == BEARER
        hashed = hash_secret(self._pepper, secret) if is_bearer else None
        self._keys.add(StoredKey(issued.id, kind, hashed, None if is_bearer else secret, frozenset(scopes)), name)
        return issued

    def revoke(self, key_id: str) -> None:
        """Raises NotFound. Functions that know the key go on taking it for up to 30 s."""
        if not self._keys.revoke(key_id):
            raise NotFound("no such key")
