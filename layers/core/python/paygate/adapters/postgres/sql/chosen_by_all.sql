    SELECT id FROM payments
    WHERE id >= :since AND id < :until ORDER BY id DESC LIMIT :limit
