SELECT created_at FROM addresses WHERE network = :network ORDER BY created_at LIMIT 1
