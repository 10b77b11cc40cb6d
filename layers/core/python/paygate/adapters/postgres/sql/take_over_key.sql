-- The fence makes one taker the owner, and tells the one before that it is not any more.
UPDATE idempotency_keys
SET fence = fence + 1, leased_until = now() + make_interval(secs => :lease_seconds)
WHERE key = :key AND fence = :fence AND leased_until <= now() AND answer_status IS NULL
RETURNING fence
