-- Sent is gone from the queue, unless the lease ran out and the event is another relay's now.
DELETE FROM outbox_queue AS queued
USING unnest(string_to_array(:payment_ids, ','), string_to_array(:sequences, ',')::int[])
    AS sent (payment_id, sequence)
WHERE queued.payment_id = sent.payment_id AND queued.sequence = sent.sequence AND queued.leased_by = :lease
