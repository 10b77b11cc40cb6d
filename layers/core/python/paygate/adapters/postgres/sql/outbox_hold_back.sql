-- The stream refused these themselves: later and later, an hour at most. Only their own payments wait for them.
UPDATE outbox_queue
SET attempts = attempts + 1,
    available_at = now() + make_interval(secs => least(3600, 5 * 2 ^ least(attempts, 10))),
    leased_by = NULL,
    last_error = :cause
WHERE payment_id = ANY (string_to_array(:payment_ids, ',')) AND leased_by = :lease
