-- Oldest first, each to one worker: leased rows come back by themselves when the worker dies.
WITH due AS MATERIALIZED (
    SELECT payment_id, number FROM attempts
    WHERE next_query_at <= now() AND rail <> ALL (CAST(:without AS text[]))
    ORDER BY next_query_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
UPDATE attempts a
SET next_query_at = now() + make_interval(secs => :lease_seconds), queries = queries + 1
FROM due WHERE a.payment_id = due.payment_id AND a.number = due.number
RETURNING a.payment_id, a.number, a.rail, a.reference, a.status, a.rail_expires_at, a.created_at, a.next_query_at,
    a.queries, a.rail_id, a.action_sealed
