-- Sent is gone from the queue, unless the lease ran out and the event is another relay's now. A lease never
-- holds two events of a payment, so payment and lease name one row (and no plan joins row by row).
DELETE FROM outbox_queue
WHERE payment_id = ANY (string_to_array(:payment_ids, ',')) AND leased_by = :lease
