SELECT d.key, coalesce((
    SELECT sum(t.units) FROM transfers t
    WHERE t.payment_id = p.id AND t.role = 'PAYMENT' AND t.block_height <= :final_height), 0)
FROM payments p JOIN addresses d ON d.payment_id = p.id
WHERE p.due_network = :network AND p.state IN ('CREATED', 'PENDING', 'CONFIRMING') AND p.due_asset = :asset
ORDER BY p.id LIMIT :limit
