-- Money that is seen and not final (authorised, processing) is not for a clock to end: `resolve` asks about it. Nor
-- is money that came and is not booked yet, nor what a chain holds that was not read up to the payment's end.
WITH due AS MATERIALIZED (
    SELECT p.id, a.rail FROM payments p
    JOIN LATERAL (SELECT rail FROM attempts WHERE payment_id = p.id ORDER BY number DESC LIMIT 1) a ON true
    WHERE p.state IN ('CREATED', 'PENDING', 'CONFIRMING')
        AND (p.state <> 'CONFIRMING' OR p.pending = 0)
        AND p.expires_at < now() - make_interval(secs => :margin_seconds)
        AND (p.expiry_leased_until IS NULL OR p.expiry_leased_until < now())
        AND a.rail <> ALL (CAST(:without AS text[]))
        AND (p.due_network IS NULL OR EXISTS (
            SELECT FROM chain_cursors c WHERE c.network = p.due_network AND c.block_time > p.expires_at OFFSET 0))
        AND NOT EXISTS (SELECT FROM transfers t JOIN transfer_queue q ON q.transfer_id = t.id
                        WHERE t.payment_id = p.id OFFSET 0)
    ORDER BY p.expires_at LIMIT :limit
    FOR UPDATE OF p SKIP LOCKED
)
UPDATE payments p SET expiry_leased_until = now() + make_interval(secs => :lease_seconds)
FROM due WHERE p.id = due.id
RETURNING p.id, due.rail
