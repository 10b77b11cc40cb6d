-- By our number and by the rail's: two rows mean that a trade of one order was named for another.
SELECT payment_id, number, rail, reference, status, rail_expires_at, created_at, next_query_at, queries, rail_id,
    action_sealed
FROM attempts WHERE rail = :rail AND (reference = :reference OR rail_id = :rail_id)
