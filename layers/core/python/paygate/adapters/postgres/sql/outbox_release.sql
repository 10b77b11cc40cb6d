-- Not the event's own fault: due again at once.
UPDATE outbox_queue
SET available_at = now(), leased_by = NULL, last_error = :cause
WHERE payment_id = ANY (string_to_array(:payment_ids, ',')) AND leased_by = :lease
