-- By place, so that deleting thousands never reads the whole table.
WITH swept AS (
    DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency_keys WHERE created_at < now() - make_interval(hours => :hours)
        ORDER BY created_at LIMIT :limit
    ))
    RETURNING 1
)
SELECT count(*) FROM swept
