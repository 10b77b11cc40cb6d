SELECT key FROM addresses WHERE family = :family AND key = ANY (string_to_array(:keys, ','))
