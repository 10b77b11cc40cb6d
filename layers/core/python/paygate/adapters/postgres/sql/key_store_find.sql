SELECT id, kind, secret_hash, secret_sealed, scopes FROM api_keys WHERE id = :id AND revoked_at IS NULL
