-- Those that belong to no payment as well: nobody will assign them any more. What a chain shows stays.
WITH part AS MATERIALIZED (
    SELECT t.id, t.network IS NULL AND t.detail::text <> '{}'
        AND NOT EXISTS (SELECT FROM transfer_queue q WHERE q.transfer_id = t.id) AS is_told
    FROM transfers t WHERE t.id > :after AND t.id < :upto ORDER BY t.id LIMIT :most
), emptied AS (
    UPDATE transfers t SET detail = '{}' FROM part WHERE t.id = part.id AND part.is_told
    RETURNING 1
)
SELECT (SELECT max(id) FROM part), (SELECT count(*) FROM emptied)
