UPDATE refunds
SET state = :state, failure_reason = :failure_reason, rail_id = COALESCE(rail_id, :rail_id), updated_at = :at,
    next_query_at = :next_query_at
WHERE id = :id AND state = :before
RETURNING id
