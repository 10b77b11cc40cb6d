-- One snapshot: what is taken off the queue is in the sums. What was queued again while this waited for its row is
-- not, and stays. `returned` is what was final and is gone again.
WITH own AS MATERIALIZED (
    SELECT id, role, status, units, refund_id, origin, tx_id, available_at
    FROM transfers LEFT JOIN transfer_queue ON transfer_id = id WHERE payment_id = :payment_id
), taken AS (
    DELETE FROM transfer_queue q USING own WHERE q.transfer_id = own.id AND q.available_at = own.available_at
    RETURNING q.transfer_id
)
SELECT
    coalesce(sum(units) FILTER (WHERE role = 'PAYMENT' AND status IN ('FINAL', 'REVERSED')), 0),
    coalesce(sum(units) FILTER (WHERE (role, status) IN (('PAYMENT', 'REVERSED'), ('RETURN', 'FINAL'))), 0),
    coalesce(sum(units) FILTER (WHERE (role, status) = ('PAYMENT', 'PENDING')), 0),
    (SELECT coalesce(json_agg(origin ORDER BY id), '[]') FROM own JOIN taken ON transfer_id = id),
    (SELECT coalesce(json_agg(json_build_array(refund_id, units::text, role = 'PAYOUT_RETURN') ORDER BY role, id), '[]')
     FROM own JOIN taken ON transfer_id = id WHERE refund_id IS NOT NULL AND status = 'FINAL'),
    (SELECT coalesce(json_agg(DISTINCT tx_id), '[]') FROM own
     WHERE tx_id IS NOT NULL AND (role, status) = ('PAYMENT', 'FINAL'))
FROM own
