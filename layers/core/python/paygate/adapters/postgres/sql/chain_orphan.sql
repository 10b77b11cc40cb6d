-- The chain turned: what was above the fork is in no block. What was final is money that is gone, until it is mined
-- again.
WITH orphaned AS (
    UPDATE transfers
    SET status = CASE WHEN status IN ('FINAL', 'REVERSED') THEN 'REVERSED' ELSE 'DROPPED' END,
        block_height = NULL, block_hash = NULL
    WHERE network = :network AND block_height > :height
    RETURNING id, payment_id
), queued AS (
    INSERT INTO transfer_queue (transfer_id) SELECT id FROM orphaned WHERE payment_id IS NOT NULL
    ON CONFLICT (transfer_id) DO UPDATE SET available_at = now(), tries = 0
)
SELECT payment_id FROM orphaned
