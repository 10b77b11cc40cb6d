UPDATE idempotency_keys SET leased_until = now()
WHERE key = :key AND fence = :fence AND answer_status IS NULL
