-- Retention: sent and older than :days. By place, so that deleting a thousand never reads the whole table.
DELETE FROM outbox WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM outbox
    WHERE created_at < now() - make_interval(days => :days)
      AND NOT EXISTS (
          SELECT FROM outbox_queue
          WHERE outbox_queue.payment_id = outbox.payment_id AND outbox_queue.sequence = outbox.sequence
      )
    ORDER BY created_at
    LIMIT :limit
))
RETURNING 1
