-- What blocks do not show is seen at a final one, a while after it came: a payment may have ended meanwhile.
WITH watched AS (
    SELECT id FROM payments
    WHERE due_network = :network AND state IN ('CREATED', 'PENDING', 'CONFIRMING') AND due_asset = :asset
    UNION ALL
    SELECT id FROM payments
    WHERE due_network = :network AND state IN ('EXPIRED', 'CANCELLED') AND due_asset = :asset
        AND expires_at > now() - interval '2 hours'
)
SELECT d.key, coalesce((
    SELECT sum(t.units) FROM transfers t
    WHERE t.payment_id = p.id AND t.role = 'PAYMENT' AND t.block_height <= :final_height), 0)
FROM watched p CROSS JOIN LATERAL (SELECT key FROM addresses WHERE payment_id = p.id OFFSET 0) d
ORDER BY p.id LIMIT :limit
