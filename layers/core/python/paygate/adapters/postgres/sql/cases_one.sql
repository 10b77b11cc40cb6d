c.id = :before
