-- The key, the reserve and the refund at once. One conditional UPDATE takes the amount out of what was received
-- and is neither refunded nor reserved; the caller rolls back when the key was free and the money was not there.
WITH claimed AS (
    INSERT INTO idempotency_keys (key, request_hash, resource_id, leased_until)
    VALUES (:key, :request_hash, :id, now() + make_interval(secs => :lease_seconds))
    ON CONFLICT DO NOTHING
    RETURNING resource_id
), reserved AS (
    UPDATE payments
    SET refund_reserved = refund_reserved + CAST(:amount AS numeric), version = version + 1,
        updated_at = CAST(:created_at AS timestamptz)
    FROM claimed
    WHERE id = :payment_id AND state <> 'REVERSED'
        AND received - refunded - refunded_outside - refund_reserved >= CAST(:amount AS numeric)
    RETURNING id
), refunding AS (
    INSERT INTO refunds (id, payment_id, amount, state, reference, origin, reason, request_id, address,
        requested_by, created_at, updated_at, next_query_at)
    SELECT :id, id, CAST(:amount AS numeric), :state, :reference, 'API', :reason, :request_id, :address,
        :requested_by, CAST(:created_at AS timestamptz), CAST(:created_at AS timestamptz), CAST(:next_query_at AS timestamptz)
    FROM reserved
)
SELECT (SELECT count(*) FROM claimed), (SELECT count(*) FROM reserved)
