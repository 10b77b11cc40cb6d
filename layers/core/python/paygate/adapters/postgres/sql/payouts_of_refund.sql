SELECT refund_id, version, network, treasury, status, unsigned, tx_id, nonce, outpoints, expires_at, signed, sent_at
FROM payouts WHERE refund_id = :refund_id ORDER BY version DESC
