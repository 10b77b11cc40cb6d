-- Stored answers show the payment as it was; who asks again gets it as it is.
UPDATE idempotency_keys SET answer_status = NULL, answer_sealed = NULL, leased_until = now()
WHERE resource_id = :id OR resource_id IN (SELECT id FROM refunds WHERE payment_id = :id)
RETURNING key
