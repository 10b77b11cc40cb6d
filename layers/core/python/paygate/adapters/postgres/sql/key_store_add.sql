INSERT INTO api_keys (id, name, kind, secret_hash, secret_sealed, scopes)
VALUES (:id, :name, :kind, :secret_hash, :secret_sealed, CAST(:scopes AS text[]))
