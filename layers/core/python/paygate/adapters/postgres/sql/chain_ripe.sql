-- Deep enough for their payment, or final for everybody. What fits no payment waits for the chain's own word.
SELECT t.asset, t.decimals, t.detail ->> 'key', t.units, t.tx_id, t.detail ->> 'index', t.block_height, t.block_hash,
    t.happened_at
FROM transfers t LEFT JOIN addresses d ON d.payment_id = t.payment_id
WHERE t.network = :network AND (t.status = 'PENDING' OR t.status = 'REVERSED' AND t.block_height IS NOT NULL)
    AND (t.block_height <= :final_height
        OR NOT d.waits_for_finality AND t.block_height + d.confirmations - 1 <= :height)
ORDER BY t.block_height, t.id LIMIT :limit
