SELECT 1 FROM held_refunds WHERE refund_id = :refund_id AND released_at IS NULL
