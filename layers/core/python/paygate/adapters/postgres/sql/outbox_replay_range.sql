-- One page of events written since :since and before :until, after the last page's end.
WITH page AS (
    SELECT payment_id, sequence, created_at FROM outbox
    WHERE created_at >= :since AND created_at < :until
      AND (created_at, payment_id, sequence) > (:after_at, :after_payment_id, :after_sequence)
    ORDER BY created_at, payment_id, sequence
    LIMIT :limit
), queued AS (
    INSERT INTO outbox_queue (payment_id, sequence)
    SELECT payment_id, sequence FROM page
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT created_at, payment_id, sequence, (SELECT count(*) FROM queued)
FROM page
ORDER BY created_at DESC, payment_id DESC, sequence DESC
LIMIT 1
