SELECT d.key FROM payments p JOIN addresses d ON d.payment_id = p.id
WHERE p.due_network = :network AND p.state IN ('CREATED', 'PENDING', 'CONFIRMING')
ORDER BY p.id DESC LIMIT :limit
