-- What was sent waits for its block, and what failed in one for a person; what can never be mined is to be made anew.
WITH due AS MATERIALIZED (
    SELECT r.id FROM refunds r
    JOIN payments p ON p.id = r.payment_id
    LEFT JOIN signings s ON s.refund_id = r.id
    LEFT JOIN LATERAL (
        SELECT status, expires_at FROM payouts WHERE refund_id = r.id ORDER BY version DESC LIMIT 1
    ) o ON true
    WHERE r.state = 'PENDING' AND r.address IS NOT NULL AND r.created_at <= now()
        AND p.due_network = :network AND p.due_asset = :asset
        AND (s.next_at IS NULL OR s.next_at <= now())
        AND (o.status IS NULL OR o.status IN ('PREPARED', 'LAPSED')
            OR o.status IN ('SIGNED', 'SENT') AND o.expires_at <= now())
    ORDER BY s.next_at NULLS FIRST, r.created_at
    LIMIT :most
    FOR UPDATE OF r SKIP LOCKED
), taken AS (
    INSERT INTO signings (refund_id, next_at) SELECT id, now() + interval '50 seconds' FROM due
    ON CONFLICT (refund_id) DO UPDATE SET next_at = EXCLUDED.next_at
)
SELECT id FROM due
