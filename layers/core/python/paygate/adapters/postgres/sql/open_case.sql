INSERT INTO operator_cases (id, kind, dedupe, rail, payment_id, detail)
VALUES (:id, :kind, :dedupe, :rail, :payment_id, :detail)
ON CONFLICT (dedupe) DO NOTHING
RETURNING id
