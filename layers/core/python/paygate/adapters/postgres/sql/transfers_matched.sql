AND t.payment_id IS NOT NULL
