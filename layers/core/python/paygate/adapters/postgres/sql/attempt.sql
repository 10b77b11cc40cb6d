SELECT payment_id, number, rail, reference, status, rail_expires_at, created_at, next_query_at, queries, rail_id,
    action_sealed
FROM attempts WHERE payment_id = :payment_id ORDER BY number DESC LIMIT 1
