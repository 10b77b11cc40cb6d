UPDATE held_refunds SET released_at = now() WHERE refund_id = :refund_id AND released_at IS NULL RETURNING epoch
