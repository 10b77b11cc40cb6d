UPDATE payouts SET status = 'SIGNED', tx_id = :tx_id, signed = :signed, signed_at = now()
WHERE refund_id = :refund_id AND version = :version AND status = 'PREPARED'
RETURNING refund_id
