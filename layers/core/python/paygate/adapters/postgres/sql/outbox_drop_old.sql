-- Retention: sent and older than :days.
WITH old AS (
    SELECT payment_id, sequence FROM outbox
    WHERE created_at < now() - make_interval(days => :days)
      AND NOT EXISTS (
          SELECT FROM outbox_queue
          WHERE outbox_queue.payment_id = outbox.payment_id AND outbox_queue.sequence = outbox.sequence
      )
    ORDER BY created_at
    LIMIT :limit
)
DELETE FROM outbox USING old
WHERE outbox.payment_id = old.payment_id AND outbox.sequence = old.sequence
RETURNING 1
