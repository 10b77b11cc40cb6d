-- The oldest events that are due and have no earlier unsent event of the same payment: SKIP LOCKED alone would
-- hand event 2 to one relay while another still sends event 1. One JSON text, for pg8000 decodes cell by cell.
WITH head AS (
    SELECT queued.ctid
    FROM outbox_queue AS queued
    WHERE queued.available_at <= now()
      AND NOT EXISTS (
          SELECT FROM outbox_queue AS earlier
          WHERE earlier.payment_id = queued.payment_id AND earlier.sequence < queued.sequence
      )
    ORDER BY queued.available_at
    LIMIT :limit
    FOR UPDATE OF queued SKIP LOCKED
), leased AS (
    UPDATE outbox_queue
    SET available_at = now() + make_interval(secs => :seconds), leased_by = :lease
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM head))
    RETURNING payment_id, sequence
)
SELECT json_agg(json_build_array(
    payment_id, sequence, event_id, kind, array_to_json(topics), payload, request_id
))::text
FROM leased JOIN outbox USING (payment_id, sequence)
