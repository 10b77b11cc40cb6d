DELETE FROM idempotency_keys WHERE key IN (
    SELECT key FROM idempotency_keys WHERE created_at < now() - make_interval(hours => :hours)
    ORDER BY created_at LIMIT 5000
)
