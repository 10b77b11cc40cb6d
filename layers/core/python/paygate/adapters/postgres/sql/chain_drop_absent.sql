-- Transfers that were said to be in these blocks and are not: somebody claimed them, and the chain went another way.
WITH dropped AS (
    UPDATE transfers SET status = 'DROPPED', block_height = NULL, block_hash = NULL
    WHERE network = :network AND status = 'PENDING' AND block_height BETWEEN :first AND :last
        AND dedupe <> ALL (string_to_array(:present, ','))
    RETURNING id, payment_id
), queued AS (
    INSERT INTO transfer_queue (transfer_id) SELECT id FROM dropped WHERE payment_id IS NOT NULL
    ON CONFLICT (transfer_id) DO UPDATE SET available_at = now(), tries = 0
)
SELECT payment_id FROM dropped
