SELECT s.key FROM json_to_recordset(CAST(:known AS json)) AS s(key text, units numeric)
JOIN addresses d ON d.family = :family AND d.key = s.key
WHERE s.units = coalesce((
    SELECT sum(t.units) FROM transfers t
    WHERE t.payment_id = d.payment_id AND t.role = 'PAYMENT' AND t.block_height <= :final_height), 0)
