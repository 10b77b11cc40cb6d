INSERT INTO signing_approvals (refund_id, approved_by)
SELECT id, :by FROM refunds
WHERE id = :refund_id AND state IN ('PENDING', 'UNKNOWN') AND address IS NOT NULL AND requested_by <> :by
ON CONFLICT (refund_id) DO NOTHING
RETURNING refund_id
