-- Those that belong to no payment as well: nobody will assign them any more.
WITH old AS MATERIALIZED (
    SELECT id FROM transfers t
    WHERE happened_at < :before AND network IS NULL AND detail::text <> '{}'
        AND NOT EXISTS (SELECT FROM transfer_queue q WHERE q.transfer_id = t.id)
    LIMIT :most
), emptied AS (
    UPDATE transfers t SET detail = '{}' FROM old WHERE t.id = old.id
    RETURNING 1
)
SELECT count(*) FROM emptied
