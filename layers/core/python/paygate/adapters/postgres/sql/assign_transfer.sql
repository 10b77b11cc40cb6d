-- Once, and only money of the payment's own rail and asset. Booked from the queue, whatever dies now.
WITH assigned AS (
    UPDATE transfers
    SET payment_id = :payment_id, assigned_by = :by, assigned_at = now(),
        origin = (origin::jsonb || jsonb_build_object('assignedBy', CAST(:by AS text)))::json
    WHERE id = :id AND payment_id IS NULL AND role IN ('PAYMENT', 'RETURN') AND rail = :rail AND asset = :asset
        AND decimals = :decimals AND network IS NOT DISTINCT FROM CAST(:network AS text)
    RETURNING id
), queued AS (
    INSERT INTO transfer_queue (transfer_id) SELECT id FROM assigned ON CONFLICT DO NOTHING
)
SELECT id FROM assigned
