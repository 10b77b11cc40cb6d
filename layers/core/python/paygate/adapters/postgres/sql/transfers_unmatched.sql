AND t.payment_id IS NULL
