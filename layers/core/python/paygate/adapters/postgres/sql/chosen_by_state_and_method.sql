    SELECT id FROM payments
    WHERE state = :state AND method = :method AND id >= :since AND id < :until ORDER BY id DESC LIMIT :limit
