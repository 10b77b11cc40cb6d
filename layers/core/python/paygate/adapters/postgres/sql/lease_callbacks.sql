WITH due AS MATERIALIZED (
    SELECT callback_id FROM callback_queue WHERE available_at <= now()
    ORDER BY available_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
UPDATE callback_queue q
SET available_at = now() + make_interval(secs => :lease_seconds) * power(2, least(tries, 6)), tries = tries + 1
FROM due WHERE q.callback_id = due.callback_id
RETURNING q.callback_id
