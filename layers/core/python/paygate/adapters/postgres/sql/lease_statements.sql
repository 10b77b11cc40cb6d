WITH due AS MATERIALIZED (
    SELECT id FROM bank_statements
    WHERE state = 'APPROVED' AND id > 'BST_' AND (leased_until IS NULL OR leased_until < now())
        AND 'bank_transfer' <> ALL (CAST(:without AS text[]))
    ORDER BY id LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
UPDATE bank_statements s SET leased_until = now() + make_interval(secs => :lease_seconds)
FROM due WHERE s.id = due.id
RETURNING s.id, 'bank_transfer'
