"""API keys at rest. Bearer secrets are kept as a keyed hash, signing secrets encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.postgres.statements import sql
from paygate.ports import StoredKey

if TYPE_CHECKING:
    from paygate.adapters.postgres.database import Database
    from paygate.ports import Sealer


class PostgresKeyStore:
    """`ports.KeyStore` over PostgreSQL."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def find(self, key_id: str, /) -> StoredKey | None:
        rows = self._database.once(sql("key_store_find"), id=key_id)
        if not rows:
            return None
        found_id, kind, secret_hash, sealed, scopes = rows[0]
        secret = self._sealer.open(sealed, found_id) if sealed is not None else None
        return StoredKey(found_id, kind, secret_hash, secret, frozenset(scopes))

    def touched(self, key_id: str, /) -> None:
        with self._database.transaction() as run:
            run(sql("key_store_touch"), id=key_id)

    def first_sight(self, signature: bytes, /) -> bool:
        with self._database.transaction() as run:
            return bool(run(sql("first_sight"), signature=signature))

    def add(self, key: StoredKey, name: str, /) -> None:
        """Keep a new key; `key.secret` is sealed here, `key.secret_hash` is kept as it is."""
        sealed = self._sealer.seal(key.secret, key.id) if key.secret is not None else None
        with self._database.transaction() as run:
            run(
                sql("key_store_add"),
                id=key.id,
                name=name,
                kind=key.kind,
                secret_hash=key.secret_hash,
                secret_sealed=sealed,
                scopes=sorted(key.scopes),
            )

    def revoke(self, key_id: str, /) -> bool:
        with self._database.transaction() as run:
            return bool(run(sql("key_store_revoke"), id=key_id))
