WITH old AS MATERIALIZED (
    SELECT i.id FROM callback_inbox i JOIN callback_outcomes o ON o.callback_id = i.id
    WHERE i.received_at < :before AND i.body <> '' LIMIT :most
), emptied AS (
    UPDATE callback_inbox i SET body = '', headers = '{}', query = '{}' FROM old WHERE i.id = old.id
    RETURNING 1
)
SELECT count(*) FROM emptied
