SELECT FROM addresses WHERE key = :key AND family = (SELECT family FROM addresses WHERE payment_id = :payment_id)
