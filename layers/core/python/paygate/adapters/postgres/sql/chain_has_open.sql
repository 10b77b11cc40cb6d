SELECT FROM payments WHERE due_network = :network AND state IN ('CREATED', 'PENDING', 'CONFIRMING') LIMIT 1
