SELECT DISTINCT unnest(outpoints) FROM payouts
WHERE network = :network AND treasury = :treasury AND status IN ('PREPARED', 'SIGNED', 'SENT') AND refund_id <> :refund_id
