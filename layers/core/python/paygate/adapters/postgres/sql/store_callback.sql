-- The bytes first; the queue brings back what is not applied by then.
WITH stored AS (
    INSERT INTO callback_inbox (id, rail, digest, body, headers, query)
    VALUES (:id, :rail, :digest, :body, :headers, :query)
    ON CONFLICT (rail, digest) DO NOTHING
    RETURNING id
)
INSERT INTO callback_queue (callback_id, available_at)
SELECT id, now() + make_interval(secs => :grace_seconds) FROM stored
RETURNING callback_id
