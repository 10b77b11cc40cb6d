UPDATE idempotency_keys SET answer_status = :status, answer_sealed = :sealed, leased_until = now()
WHERE key = :key AND fence = :fence AND answer_status IS NULL
RETURNING key
