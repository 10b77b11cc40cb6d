"""Who calls, and what they may do: bearer keys and signed requests.

Whatever is wrong, the caller gets the same 401, after the same work.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from paygate.http import signing
from paygate.http.errors import Unauthenticated
from paygate.services.api_keys import BEARER, SIGNING, hash_secret

if TYPE_CHECKING:
    from paygate.http.request import Request
    from paygate.ports import Clock, KeyStore, StoredKey

CACHE_SECONDS = 30
ADMIN = "admin"
ANY_KEY = "any"
_BEARER = re.compile(r"(?i:bearer) +(?P<id>pk_[0-9A-Za-z]{1,64})\.(?P<secret>[\x21-\x7e]{1,256})", re.ASCII)


def may(key: StoredKey, scope: str) -> bool:
    """`admin` may everything, and every key may what any key may."""
    return scope == ANY_KEY or scope in key.scopes or ADMIN in key.scopes


class Authenticator:
    """Checks requests against a key store. A key that once verified is remembered for 30 s."""

    def __init__(self, keys: KeyStore, clock: Clock, pepper: bytes) -> None:
        self._keys = keys
        self._clock = clock
        self._pepper = pepper
        self._verified: dict[str, tuple[float, StoredKey]] = {}

    def caller(self, request: Request) -> StoredKey:
        """The caller's key; raises Unauthenticated."""
        authorization = request.header("Authorization") or ""
        bearer = _BEARER.fullmatch(authorization)
        if bearer:
            return self._bearer(bearer["id"], bearer["secret"].encode())
        return self._signed(request, authorization)

    def _bearer(self, key_id: str, secret: bytes) -> StoredKey:
        key, is_fresh = self._find(key_id, BEARER)
        expected = key.secret_hash if key and key.secret_hash else bytes(hashlib.sha256().digest_size)
        is_right = hmac.compare_digest(hash_secret(self._pepper, secret), expected)
        if key is None or not is_right:
            raise Unauthenticated
        return self._remember(key, is_fresh=is_fresh)

    def _signed(self, request: Request, authorization: str) -> StoredKey:
        claimed = signing.parse(authorization)
        if claimed is None:
            raise Unauthenticated
        key, is_fresh = self._find(claimed.key_id, SIGNING)
        secret = key.secret if key and key.secret else self._pepper
        is_right = signing.verifies(request, claimed, secret)
        age = self._clock.now().timestamp() - claimed.timestamp
        if key is None or not is_right or abs(age) > signing.TOLERANCE_SECONDS:
            raise Unauthenticated
        if not self._keys.first_sight(claimed.signature):
            raise Unauthenticated
        return self._remember(key, is_fresh=is_fresh)

    def _find(self, key_id: str, kind: str) -> tuple[StoredKey | None, bool]:
        """A key of that kind, and whether it was just read from the store."""
        known = self._verified.get(key_id)
        if known is not None and self._clock.now().timestamp() < known[0]:
            key, is_fresh = known[1], False
        else:
            found = self._keys.find(key_id)
            if found is None:
                return None, True
            key, is_fresh = found, True
        return (key if key.kind == kind else None), is_fresh

    def _remember(self, key: StoredKey, *, is_fresh: bool) -> StoredKey:
        if is_fresh:
            self._verified[key.id] = (self._clock.now().timestamp() + CACHE_SECONDS, key)
            self._keys.touched(key.id)
        return key
