    SELECT id FROM payments
    WHERE method = :method AND id >= :since AND id < :until ORDER BY id DESC LIMIT :limit
