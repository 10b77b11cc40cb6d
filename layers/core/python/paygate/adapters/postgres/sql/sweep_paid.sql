-- Final transfers over this network to addresses whose payment waits for nothing more, block after block.
SELECT t.block_height, t.id, d.key, d.address, d.account, d.path, t.tx_id || ':' || (t.detail ->> 'index')
FROM transfers t
JOIN addresses d ON d.family = :family AND d.key = t.detail ->> 'key'
JOIN payments p ON p.id = d.payment_id
WHERE t.network = :network AND t.block_height >= :height AND (t.block_height, t.id) > (:height, :after)
    AND t.role = 'PAYMENT' AND t.status = 'FINAL' AND t.happened_at >= :since
    AND p.state NOT IN ('CREATED', 'PENDING', 'CONFIRMING')
    AND NOT EXISTS (SELECT FROM transfers o WHERE o.payment_id = d.payment_id AND o.status = 'PENDING')
ORDER BY t.block_height, t.id LIMIT :limit
