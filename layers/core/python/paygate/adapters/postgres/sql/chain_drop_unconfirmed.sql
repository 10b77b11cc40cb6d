-- Transfers that waited for a block and wait no more: replaced, spent otherwise, or forgotten.
WITH dropped AS (
    UPDATE transfers SET status = 'DROPPED'
    WHERE network = :network AND status = 'PENDING' AND block_height IS NULL
        AND dedupe <> ALL (string_to_array(:present, ','))
    RETURNING id, payment_id
), queued AS (
    INSERT INTO transfer_queue (transfer_id) SELECT id FROM dropped WHERE payment_id IS NOT NULL
    ON CONFLICT (transfer_id) DO UPDATE SET available_at = now(), tries = 0
)
SELECT payment_id FROM dropped
