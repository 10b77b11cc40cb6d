INSERT INTO payouts (refund_id, version, network, treasury, status, nonce, outpoints, unsigned, tx_id, expires_at)
VALUES (:refund_id, :version, :network, :treasury, 'PREPARED', :nonce,
    coalesce(string_to_array(nullif(CAST(:outpoints AS text), ''), ','), '{}'), :unsigned, :tx_id, :expires_at)
ON CONFLICT DO NOTHING
RETURNING refund_id
