SELECT key FROM addresses WHERE family = :family LIMIT :limit
