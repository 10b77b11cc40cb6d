WITH due AS MATERIALIZED (
    SELECT q.callback_id, i.rail FROM callback_queue q JOIN callback_inbox i ON i.id = q.callback_id
    WHERE q.available_at <= now() AND i.rail <> ALL (CAST(:without AS text[]))
    ORDER BY q.available_at LIMIT :limit
    FOR UPDATE OF q SKIP LOCKED
)
UPDATE callback_queue q
SET available_at = now() + make_interval(secs => :lease_seconds) * power(2, least(tries, 6)), tries = tries + 1
FROM due WHERE q.callback_id = due.callback_id
RETURNING q.callback_id, due.rail
