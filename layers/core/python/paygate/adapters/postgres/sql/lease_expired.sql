WITH due AS MATERIALIZED (
    SELECT id FROM payments
    WHERE state IN ('CREATED', 'PENDING', 'CONFIRMING')
        AND expires_at < now() - make_interval(secs => :margin_seconds)
        AND (expiry_leased_until IS NULL OR expiry_leased_until < now())
    ORDER BY expires_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
UPDATE payments p SET expiry_leased_until = now() + make_interval(secs => :lease_seconds)
FROM due WHERE p.id = due.id
RETURNING p.id
