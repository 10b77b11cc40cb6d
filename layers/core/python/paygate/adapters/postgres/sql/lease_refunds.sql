WITH due AS MATERIALIZED (
    SELECT r.id, a.rail FROM refunds r
    JOIN LATERAL (SELECT rail FROM attempts WHERE payment_id = r.payment_id ORDER BY number DESC LIMIT 1) a ON true
    WHERE r.next_query_at <= now() AND a.rail <> ALL (CAST(:without AS text[]))
    ORDER BY r.next_query_at LIMIT :limit
    FOR UPDATE OF r SKIP LOCKED
)
UPDATE refunds r
SET next_query_at = now() + make_interval(secs => :lease_seconds), queries = queries + 1
FROM due WHERE r.id = due.id
RETURNING r.id, due.rail
