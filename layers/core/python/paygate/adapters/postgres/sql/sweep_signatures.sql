-- By place, so that deleting thousands never reads the whole table.
WITH swept AS (
    DELETE FROM seen_signatures WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM seen_signatures WHERE seen_at < now() - interval '15 minutes'
        ORDER BY seen_at LIMIT :limit
    ))
    RETURNING 1
)
SELECT count(*) FROM swept
