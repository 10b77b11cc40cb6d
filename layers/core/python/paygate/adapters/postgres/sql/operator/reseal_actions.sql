SELECT a.payment_id, a.number, a.action_sealed FROM attempts a JOIN payments p ON p.id = a.payment_id
WHERE a.action_sealed IS NOT NULL AND p.state IN ('CREATED', 'PENDING', 'CONFIRMING') AND a.payment_id > :after
ORDER BY a.payment_id, a.number LIMIT :most
