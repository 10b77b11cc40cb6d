    SELECT id FROM payments
    WHERE order_id = :order_id AND id < :before ORDER BY id DESC LIMIT :limit
