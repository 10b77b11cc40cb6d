SELECT refund_id, version, network, treasury, status, unsigned, tx_id, nonce, outpoints, expires_at, signed, sent_at
FROM payouts WHERE network = :network AND status IN ('SIGNED', 'SENT')
ORDER BY sent_at NULLS FIRST, refund_id LIMIT :limit
