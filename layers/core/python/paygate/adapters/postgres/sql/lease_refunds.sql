WITH due AS MATERIALIZED (
    SELECT id FROM refunds WHERE next_query_at <= now()
    ORDER BY next_query_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
UPDATE refunds r
SET next_query_at = now() + make_interval(secs => :lease_seconds), queries = queries + 1
FROM due WHERE r.id = due.id
RETURNING r.id
