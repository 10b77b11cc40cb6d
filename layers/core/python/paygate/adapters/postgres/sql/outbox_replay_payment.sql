-- Queue a payment's events again; what still waits is not queued twice.
INSERT INTO outbox_queue (payment_id, sequence)
SELECT payment_id, sequence FROM outbox WHERE payment_id = :payment_id
ON CONFLICT DO NOTHING
RETURNING 1
