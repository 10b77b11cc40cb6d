c.closed_at IS NULL AND c.id < :before
