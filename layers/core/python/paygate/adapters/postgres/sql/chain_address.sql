SELECT network, key, created_at FROM addresses WHERE payment_id = :payment_id
