-- What is done stays done, whoever comes late.
UPDATE attempts
SET status = :status, next_query_at = :next_query_at, rail_id = COALESCE(rail_id, :rail_id),
    action_sealed = COALESCE(CAST(:action_sealed AS bytea), action_sealed)
WHERE payment_id = :payment_id AND number = :number AND status <> 'DONE'
