-- The next :most that were applied, behind :after and before :upto: ids sort by time.
WITH part AS MATERIALIZED (
    SELECT i.id, i.body = '' AS is_empty FROM callback_inbox i JOIN callback_outcomes o ON o.callback_id = i.id
    WHERE i.id > :after AND i.id < :upto ORDER BY i.id LIMIT :most
), emptied AS (
    UPDATE callback_inbox i SET body = '', headers = '{}', query = '{}'
    FROM part WHERE i.id = part.id AND NOT part.is_empty
    RETURNING 1
)
SELECT (SELECT max(id) FROM part), (SELECT count(*) FROM emptied)
