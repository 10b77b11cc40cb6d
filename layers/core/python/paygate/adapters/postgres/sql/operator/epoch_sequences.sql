-- The next :most payments behind :after; answers the last of them, nothing when there are none.
WITH part AS MATERIALIZED (
    SELECT id FROM payments WHERE id > :after ORDER BY id LIMIT :most
), raised AS (
    UPDATE payments p SET sequence = CAST(:epoch AS int) FROM part
    WHERE p.id = part.id AND p.sequence < CAST(:epoch AS int)
)
SELECT max(id) FROM part
