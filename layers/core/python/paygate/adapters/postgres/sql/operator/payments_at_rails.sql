-- Payments that a rail can be asked about; a chain and a bank tell by themselves.
SELECT p.id FROM payments p
WHERE p.id > :after AND p.due_network IS NULL
    AND NOT EXISTS (SELECT FROM transfers t WHERE t.payment_id = p.id)
ORDER BY p.id LIMIT :most
