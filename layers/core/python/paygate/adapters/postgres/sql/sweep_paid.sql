-- Addresses that money came to over this network, of payments that wait for none: all of it is final.
SELECT d.key, d.address, d.account, d.path,
    coalesce(string_agg(t.tx_id || ':' || (t.detail ->> 'index'), ',' ORDER BY t.id)
        FILTER (WHERE t.status = 'FINAL'), '')
FROM transfers t
JOIN addresses d ON d.family = :family AND d.key = t.detail ->> 'key'
JOIN payments p ON p.id = d.payment_id
WHERE t.network = :network AND t.role = 'PAYMENT' AND p.state NOT IN ('CREATED', 'PENDING', 'CONFIRMING')
GROUP BY d.family, d.key
HAVING bool_and(t.status <> 'PENDING') AND bool_or(t.status = 'FINAL' AND t.happened_at >= :since)
ORDER BY d.account, d.index
