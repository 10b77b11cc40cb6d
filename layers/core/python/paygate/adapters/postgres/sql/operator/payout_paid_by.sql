SELECT 1 FROM refunds WHERE rail_id = :tx_id AND state = 'SUCCEEDED'
UNION ALL SELECT 1 FROM payouts WHERE tx_id = :tx_id AND signed IS NOT NULL
