INSERT INTO refunds (id, payment_id, amount, state, reference, origin, reason, request_id, created_at, updated_at)
VALUES (:id, :payment_id, :amount, :state, :reference, 'RAIL', :reason, :request_id, :created_at, :created_at)
ON CONFLICT (payment_id, reference) DO NOTHING
RETURNING id
