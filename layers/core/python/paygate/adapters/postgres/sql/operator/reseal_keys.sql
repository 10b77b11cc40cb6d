SELECT id, secret_sealed FROM api_keys WHERE secret_sealed IS NOT NULL AND revoked_at IS NULL
