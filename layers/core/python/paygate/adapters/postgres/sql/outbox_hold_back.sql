-- The stream refused these themselves: later and later, an hour at most. Only their own payments wait for them.
UPDATE outbox_queue AS queued
SET attempts = queued.attempts + 1,
    available_at = now() + make_interval(secs => least(3600, 5 * 2 ^ least(queued.attempts, 10))),
    leased_by = NULL,
    last_error = refused.cause
FROM unnest(
    string_to_array(:payment_ids, ','), string_to_array(:sequences, ',')::int[], string_to_array(:causes, ',')
) AS refused (payment_id, sequence, cause)
WHERE queued.payment_id = refused.payment_id AND queued.sequence = refused.sequence AND queued.leased_by = :lease
