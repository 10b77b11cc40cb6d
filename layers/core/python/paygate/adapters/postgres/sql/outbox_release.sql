-- Not the event's own fault: due again at once.
UPDATE outbox_queue AS queued
SET available_at = now(), leased_by = NULL, last_error = :cause
FROM unnest(string_to_array(:payment_ids, ','), string_to_array(:sequences, ',')::int[])
    AS unsent (payment_id, sequence)
WHERE queued.payment_id = unsent.payment_id AND queued.sequence = unsent.sequence AND queued.leased_by = :lease
